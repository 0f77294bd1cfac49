/// Functions whose inside is computed again for the gradient: the same bits, in less memory.
module Cv.Tests.CheckpointTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Tests.Generators
open Cv.Tests.Run
open Expecto

let private input name dims = Expr.Input(name, shape dims)

/// A block of layers that keeps much: eight values of its operand's size.
let private block number (x: Expr) =
    (x, [ 1..4 ])
    ||> List.fold (fun x layer ->
        x *@ Expr.Parameter($"w{number}.{layer}", shape [ 32; 32 ], Initialiser.He)
        |> tanh
        |> sigmoid)

let private net (wrap: (Expr -> Expr) -> Expr -> Expr) =
    let y =
        (input "x" [ 64; 32 ], [ 1..6 ])
        ||> List.fold (fun x number -> wrap (block number) x)

    let loss = (y * y).Mean()
    let weights = Model(input "x" [ 64; 32 ], y).Parameters
    loss, Gradient.Of(loss, Array.ofSeq weights) |> List.ofSeq

let private measure (outputs: Expr list) =
    let struct (_, bytes) =
        Compile.Function(Graph(Array.ofList outputs), CompileOptions(Threads = 1, Width = VectorWidth.Bits256)).Measure()

    bytes

/// Parameters become inputs, so that numbers can be bound to them.
let private bound (outputs: Expr list) =
    outputs
    |> List.map (fun output ->
        output.Rebuild(
            Func<_, _, _>(fun node operands ->
                match node.Op with
                | :? Parameter as p -> Expr.Input(p.Id, p.Type.Shape, p.Type.DType)
                | _ -> node.With operands)
        ))

[<Tests>]
let tests =
    testList "checkpoint" [
        testCase "values and gradients keep their bits"
        <| fun () ->
            let loss, gradients = net id
            let again, others = net checkpoint
            let plain, kept = bound (loss :: gradients), bound (again :: others)
            let values = Evaluate.randomBindings 1 plain
            Expect.isTrue (identical (interpreted kept values) (interpreted plain values)) "interpreted"

            for width in [ VectorWidth.Bits128; VectorWidth.Bits256 ] do
                Expect.isTrue (identical (compiled width 2 kept values) (compiled width 2 plain values)) $"compiled, {width}"

        testCase "the peak falls"
        <| fun () ->
            let loss, gradients = net id
            let again, others = net checkpoint
            let plain, kept = measure (loss :: gradients), measure (again :: others)
            Expect.isLessThan (float kept) (0.5 * float plain) $"{plain} bytes without, {kept} with"

        testCase "a checkpoint in a checkpoint"
        <| fun () ->
            let x = Expr.Input("x", shape [ 5 ], DType.F64)
            let f (y: Expr) = tanh (sin y * y)
            let gradient (y: Expr) = Gradient.Of(y.Sum(), x)[0]
            let plain = gradient (f (f (f x)))
            let nested = gradient (checkpoint (fun y -> f (checkpoint (f >> f) y)) x)
            let values = Evaluate.randomBindings 1 [ plain ]
            Expect.isTrue (identical (interpreted [ nested ] values) (interpreted [ plain ] values)) "interpreted"

            Expect.isTrue
                (identical (compiled VectorWidth.Bits256 1 [ nested ] values) (compiled VectorWidth.Bits256 1 [ plain ] values))
                "compiled"

        testCase "a second derivative"
        <| fun () ->
            let x = Expr.Input("x", shape [ 5 ], DType.F64)

            let second (f: Expr -> Expr) =
                let first = Gradient.Of((f x).Sum(), x)[0]
                Gradient.Of((first * first).Sum(), x)[0]

            let plain, kept = second (sin >> tanh), second (checkpoint (sin >> tanh))
            let values = Evaluate.randomBindings 1 [ plain ]
            Expect.isTrue (near 1e-14 (interpreted [ kept ] values) (interpreted [ plain ] values)) "interpreted"
            Expect.isTrue (near 1e-13 (compiled VectorWidth.Bits256 1 [ kept ] values) (interpreted [ plain ] values)) "compiled"

        testCase "layers inside get the names they would have outside"
        <| fun () ->
            let model =
                Model.Input(8).Dense(8).Checkpoint(fun x -> x.Dense(8).Relu().Dense(8)).Dense(4)

            Expect.sequenceEqual
                [ for p in model.Parameters -> (p.Op :?> Parameter).Id ]
                [ for p in Model.Input(8).Dense(8).Dense(8).Relu().Dense(8).Dense(4).Parameters -> (p.Op :?> Parameter).Id ]
                "names"

        testCase "what layers inside remember is remembered"
        <| fun () ->
            let updates (model: Model) =
                let forward = Graph(model.Output.Sum()).ForTraining()

                [ for update in forward.Updates -> (update.Target.Op :?> State).Id ], forward.Updates |> Seq.map _.Value |> List.ofSeq

            let plain = updates (Model.Input([| 8 |]).Dense(8).BatchNorm().Relu().BatchNorm())

            let kept =
                updates (Model.Input([| 8 |]).Dense(8).Checkpoint(fun x -> x.BatchNorm().Relu().BatchNorm()))

            Expect.sequenceEqual (List.sort (fst kept)) (List.sort (fst plain)) "states"

        testCase "what waits is made after what it waits for"
        <| fun () ->
            let x = Expr.Input("x", shape [ 64; 64 ], DType.F64)
            let first = tanh (x *@ x)
            let second = sin (x.Delay(first) * 2.0)
            let graph = [ first.Sum() + second.Sum() + cos(x).Sum() ]
            let text = Compile.Function(Array.ofList graph).Explain()
            let schedule = text.Substring(text.IndexOf "== schedule")
            Expect.isLessThan (schedule.IndexOf "= tanh") (schedule.IndexOf "= sin") "order"
            let values = Evaluate.randomBindings 1 graph
            Expect.isTrue (near 1e-10 (compiled VectorWidth.Bits256 1 graph values) (interpreted graph values)) "value"
    ]
