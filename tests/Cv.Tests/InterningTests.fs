module Cv.Tests.InterningTests

open System
open System.Collections.Immutable
open System.Runtime.CompilerServices
open System.Threading
open Cv.Dsl
open Cv.Tests.Generators
open Expecto
open FsCheck.FSharp

let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)
let private input name = Expr.Input(name, shape [ 2; 3 ])

/// Grows a graph whose nodes share operands; a seed always grows the same one.
let private grow (seed: int) steps =
    let random = Random seed
    let nodes = ResizeArray [ input "x"; input "y" ]

    for _ in 1..steps do
        let a, b = nodes[random.Next nodes.Count], nodes[random.Next nodes.Count]

        nodes.Add(
            match random.Next 8 with
            | 0 -> a + b
            | 1 -> a * b
            | 2 -> a.Tanh()
            | 3 -> a + float (random.Next 3)
            | 4 -> Expr.Select(Expr.op_GreaterThan (a, b), a, b)
            | 5 -> a.Reshape(3, 2).T()
            | 6 -> a.Slice(1, random.Next 3, 1).BroadcastTo(shape [ 2; 3 ])
            | _ -> a.Max([| random.Next 2 |], true).BroadcastTo(shape [ 2; 3 ])
        )

    nodes[nodes.Count - 1]

/// On a stack on which a walk that recurses could not go deep.
let private onSmallStack (run: unit -> 'a) : 'a =
    let mutable result = Unchecked.defaultof<'a>
    let thread = Thread((fun () -> result <- run ()), 256 * 1024)
    thread.Start()
    thread.Join()
    result

let private one =
    testList "one object" [
        testProperty "a graph grown twice is one object"
        <| Prop.forAll seed (fun seed -> same (grow seed 30) (grow seed 30))

        testProperty "an op rebuilt on its own operands is the node itself"
        <| Prop.forAll seed (fun seed ->
            let y = grow seed 10
            same y (Expr.Of(y.Op, y.Operands)) && same y (y.With y.Operands))

        testCase "other operands make another node"
        <| fun () ->
            let x, y = input "x", input "y"
            let changed = (x - y).With(ImmutableArray.Create(y, x))
            Expect.isTrue (same changed (y - x)) "With"
            Expect.isFalse (same (x - y) (y - x)) "order matters"

        testCase "attributes count"
        <| fun () ->
            let x = input "x"

            let nodes = [
                x
                input "y"
                Expr.Input("x", shape [ 3; 2 ])
                Expr.Input("x", shape [ 2; 3 ], DType.F64)
                Expr.Parameter("x", shape [ 2; 3 ])
                Expr.State("x", shape [ 2; 3 ])
                Expr.State("x", shape [ 2; 3 ], 1.0)
                x.Slice(1, 0, 1)
                x.Slice(1, 1, 1)
                x.Sum([| 0 |], true)
                x.Sum([| 1 |], true)
                x.Max([| 1 |], true)
                x.T()
                x.Reshape(3, 2)
                x.Reshape(6, 1)
                x.Cast DType.F64
                x.Cast DType.I32
            ]

            let distinct = nodes |> List.distinctBy RuntimeHelpers.GetHashCode
            Expect.hasLength distinct nodes.Length "all of them are different"

        testCase "attributes count by content"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2; 3; 5 ])
            Expect.isTrue (same (x.Transpose(2, 0, 1)) (x.Transpose(2, 0, 1))) "a list of axes"
            Expect.isTrue (same (x.Reshape(5, 6)) (x.Reshape(5, -1))) "a shape"
            Expect.isTrue (same (x.Sum([| 0; 2 |], true)) (x.Sum([| -1; 0 |], true))) "a set of axes"

        testCase "threads that build side by side get one object"
        <| fun () ->
            let threads = 8
            use start = new Barrier(threads)
            let built = Array.zeroCreate<Expr[]> threads

            let workers =
                Array.init threads (fun worker ->
                    Thread(fun () ->
                        start.SignalAndWait()
                        built[worker] <- Array.init 40 (fun i -> grow (1_000_000 + i) 25)))

            workers |> Array.iter _.Start()
            workers |> Array.iter _.Join()

            for worker in 1 .. threads - 1 do
                Expect.isTrue (Array.forall2 same built[0] built[worker]) $"thread {worker} and thread 0"

        testCase "what does not fit is refused each time"
        <| fun () ->
            for _ in 1..2 do
                Expect.throwsT<ShapeException> (fun () -> input "x" + Expr.Input("z", shape [ 7 ]) |> ignore) "ranks differ"
    ]

let private constants =
    testList "constants" [
        testCase "0 and -0 are two constants"
        <| fun () ->
            for dtype in [ DType.F32; DType.F64 ] do
                Expect.isFalse (same (Expr.Const(0.0, dtype)) (Expr.Const(-0.0, dtype))) "a zero keeps its sign"

            Expect.isFalse (same (Expr.Literal(shape [ 1 ], [| 0.0 |])) (Expr.Literal(shape [ 1 ], [| -0.0 |]))) "in arrays too"

        testCase "NaN is one constant"
        <| fun () ->
            Expect.isTrue (same (Expr.Const nan) (Expr.Const nan)) "NaN"
            Expect.isTrue (same (Expr.Literal(shape [ 2 ], [| 1.0; nan |])) (Expr.Literal(shape [ 2 ], [| 1.0; nan |]))) "in arrays too"

        testCase "dtypes are apart"
        <| fun () -> Expect.isFalse (same (Expr.Const(1.0, DType.F32)) (Expr.Const(1.0, DType.F64))) "f32 and f64"

        testProperty "an f32 constant holds the nearest f32"
        <| fun (value: float) ->
            let rounded = Expr.Const(float (float32 value))
            same (Expr.Const value) rounded

        testProperty "an array of constants is equal by content"
        <| fun (values: float list) (other: float list) ->
            let literal (values: float list) =
                Expr.Literal(shape [ values.Length ], Array.ofList values, DType.F64)

            let bits = List.map BitConverter.DoubleToInt64Bits

            same (literal values) (literal values)
            && same (literal values) (literal other) = (bits values = bits other)

        testCase "a literal takes the dtype of what it meets, as it was written"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2 ], DType.F64)
            Expect.isTrue (same (x * 0.1f) (x * 0.1)) "0.1f in an f64 graph is 0.1"
            Expect.isTrue (same (0.1f - x) (0.1 - x)) "on the left too"
    ]

[<MethodImpl(MethodImplOptions.NoInlining)>]
let private deadNode () =
    WeakReference<Expr>((Expr.Input("dead", shape [ 2; 3 ]).Tanh() + 1.0).Exp())

[<MethodImpl(MethodImplOptions.NoInlining)>]
let private deadChain first count =
    for i in first .. first + count - 1 do
        Expr.Input($"dead{i}", shape [ 1 ]).Tanh() |> ignore

let private collect () =
    GC.Collect()
    GC.WaitForPendingFinalizers()
    GC.Collect()

let private memory =
    testList "memory" [
        testSequenced (
            testCase "a graph that nobody holds is collected" (fun () ->
                let node = deadNode ()
                collect ()
                Expect.isFalse (fst (node.TryGetTarget())) "alive"

                let again = deadNode ()
                Expect.isTrue (fst (again.TryGetTarget())) "it can be built again")
        )

        testSequenced (
            testCase "the table forgets dead nodes" (fun () ->
                let before = InternTable.Count

                for round in 0..9 do
                    deadChain (round * 20_000) 20_000
                    collect ()

                // 400,000 nodes were made; a stripe sweeps when it would grow
                Expect.isLessThan (InternTable.Count - before) 100_000 "entries that stayed")
        )

        testCase "a node holds its operands"
        <| fun () ->
            let y = grow 7 30
            collect ()
            Expect.isTrue (same y (grow 7 30)) "still the same object"
    ]

let private depth =
    testList "depth" [
        testCase "a graph of 2^60 paths is built and found at once"
        <| fun () ->
            let tower () =
                let mutable e = input "x"

                for _ in 1..60 do
                    e <- e + e

                e

            let clock = Diagnostics.Stopwatch.StartNew()
            let a, b = tower (), tower ()
            Expect.isTrue (same a b && a.Equals b && a.GetHashCode() = b.GetHashCode()) "one object"
            Expect.isLessThan clock.Elapsed.TotalSeconds 5.0 "seconds"

        testCase "a chain of 10,000 ops is built and printed on a small stack"
        <| fun () ->
            let chain () =
                let mutable e = input "x"

                for _ in 1..5_000 do
                    e <- e.Tanh() + 1.0

                e

            let a, b = onSmallStack (fun () -> chain (), chain ())
            Expect.isTrue (same a b) "one object"
            Expect.equal (onSmallStack (fun () -> a.ToString())) "add : f32[2,3]" "text"
    ]

[<Tests>]
let tests = testList "interning" [ one; constants; memory; depth ]
