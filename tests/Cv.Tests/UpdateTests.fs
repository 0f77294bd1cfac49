/// State that lives between calls: what an update reads is always the old value, wherever the new one is written.
module Cv.Tests.UpdateTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

let private side = 3

let private state name =
    Expr.State(name, shape [ side; side ], 0.0, DType.F64)

let private a, b, c = state "a", state "b", state "c"
let private leaves = [ a; b; c ]

let private fresh () =
    let state = ModelState.Initialise(leaves, 0UL)

    for name, values in List.zip [ "a"; "b"; "c" ] (numbers 5 [ 9; 9; 9 ]) do
        state[name].CopyFrom(Tensor.From(shape [ side; side ], values))

    state

let private contents (state: ModelState) = [
    for name in [ "a"; "b"; "c" ] do
        state[name].ToDoubles()
]

/// Three calls, compiled and interpreted, give the same outputs and leave the same state.
let private agree (width: VectorWidth) threads (outputs: Expr list) (updates: (Expr * Expr) list) =
    let graph =
        Graph(ImmutableArray.CreateRange outputs, ImmutableArray.CreateRange [ for target, value in updates -> Update(target, value) ])

    let f = Compile.Function(graph, CompileOptions(Width = width, Threads = threads))
    use compiled = fresh ()
    use interpreted = fresh ()

    for call in 1..3 do
        let actual = [ for output in f.Call compiled -> output.ToDoubles() ]
        let roots = [ for root in Interpreter.Run(graph, interpreted) -> root.ToDoubles() ]
        let expected, next = List.splitAt outputs.Length roots

        for (target, _), values in List.zip updates next do
            interpreted[(target.Op :?> Named).Id].CopyFrom(Tensor.From(shape [ side; side ], values))

        if not (Run.near 1e-12 actual expected) then
            failtest $"outputs of call {call}: %A{actual}, and interpreted %A{expected}"

        if not (Run.near 1e-12 (contents compiled) (contents interpreted)) then
            failtest $"state after call {call}: %A{contents compiled}, and interpreted %A{contents interpreted}"

let private alone = agree VectorWidth.Bits256 1

let private byHand =
    testList "by hand" [
        testCase "two states change places" <| fun () -> alone [] [ a, b; b, a ]
        testCase "three states go round" <| fun () -> alone [ a ] [ a, b; b, c; c, a ]
        testCase "a hundred pairs change places" (fun () ->
            let states = [| for i in 0..199 -> Expr.State($"s{i}", shape [ 3 ], float i) |]
            let updates = [ for i in 0..199 -> Update(states[i], states[i ^^^ 1] * 1.0f + 0.5f) ]

            let f =
                Compile.Function(Graph(ImmutableArray.Empty, ImmutableArray.CreateRange updates))

            use state = ModelState.Initialise(f.Leaves, 0UL)
            f.Call state |> ignore

            for i in 0..199 do
                Expect.equal (state[$"s{i}"].ToDoubles()) (Array.create 3 (float (i ^^^ 1) + 0.5)) $"state {i}")
        testCase "an output shows the old value"
        <| fun () -> alone [ a; a * 2.0 ] [ a, a + 1.0 ]
        testCase "an output shows the new value too"
        <| fun () -> alone [ a + 1.0; a ] [ a, a + 1.0 ]
        testCase "a state is transposed where it stands"
        <| fun () -> alone [] [ a, a.T() ]
        testCase "a state is multiplied by itself"
        <| fun () -> alone [] [ a, 0.3 * a.MatMul a ]
        testCase "a state is rolled"
        <| fun () -> alone [] [ a, Expr.Concat(0, a.Slice(0, 1, 2), a.Slice(0, 0, 1)) ]
        testCase "a state loses its mean"
        <| fun () -> alone [ a.Mean() ] [ a, a - a.Mean() ]
        testCase "one reads what another's update will be"
        <| fun () -> alone [] [ a, (a + b).Tanh(); b, (a + b).Tanh() * a; c, b - a ]
        testCase "a new value that is a constant"
        <| fun () -> alone [ a ] [ a, Expr.Const(2.0, DType.F64).BroadcastTo(shape [ side; side ]) ]
        testCase "an output reads the old value beside the new one"
        <| fun () -> alone [ a * 2.0 * c ] [ c, a * 2.0 ]
        testCase "an update reads the old value beside the new one"
        <| fun () -> alone [] [ c, a * 2.0; b, (a * 2.0 + b) * c ]
        testCase "two states get one value" <| fun () -> alone [] [ a, a * b; b, a * b ]
        testCase "a state that is only read stays"
        <| fun () -> alone [ c + b ] [ a, a + c ]
    ]

let private grow (random: Random) =
    let pool = ResizeArray [ a; b; c ]
    let any () = pool[random.Next pool.Count]

    for _ in 1 .. random.Next(2, 12) do
        let x, y = any (), any ()

        pool.Add(
            match random.Next 9 with
            | 0 -> x + y
            | 1 -> (x * y).Tanh()
            | 2 -> x.T()
            | 3 -> 0.3 * x.MatMul y
            | 4 -> x - x.Mean([| random.Next 2 |], true)
            | 5 -> Expr.Concat(1, x.Slice(1, 1, 2), y.Slice(1, 0, 1))
            | 6 -> x.Max([| random.Next 2 |], true) * y
            | 7 -> Expr.Select(Expr.op_GreaterThan (a, 0.123), x, y)
            | _ -> x.Reshape(9, 1).Reshape(3, 3) - 0.5 * y
        )

    any

/// Outputs and updates, as a counter-example prints them.
type private Case(seed: int) =
    let random = Random seed
    let any = grow random
    let targets = leaves |> List.filter (fun _ -> random.Next 4 > 0)
    let updates = [ for target in targets -> target, any () ]
    let outputs = [ for _ in 0 .. random.Next 3 -> any () ]
    member _.Seed = seed
    member _.Outputs = outputs
    member _.Updates = updates

    override _.ToString() =
        let places =
            updates |> List.map (fun (target, _) -> target.ToString()) |> String.concat ", "

        $"Case({seed}): {outputs.Length} outputs, then {places}\n{Evaluate.text (outputs @ List.map snd updates)}"

[<Tests>]
let tests =
    testList "updates" [
        byHand
        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 200 } "random ones agree with the interpreter"
        <| Prop.forAll (seed |> Arb.convert Case _.Seed) (fun case ->
            agree Run.widths[case.Seed % 3] (1 + case.Seed / 3 % 3) case.Outputs case.Updates)
    ]
