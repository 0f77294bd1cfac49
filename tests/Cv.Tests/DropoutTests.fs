/// Random numbers in graphs, and the layer that drops by them.
module Cv.Tests.DropoutTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto

let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)
let private counter = Expr.Input("step", shape [], DType.I32)
let private at (step: int) = [ "step", [| float step |] ]
let private training (y: Expr) = Graph(y).ForTraining()

let private numbers =
    testList "uniform" [
        testCase "words of philox, by place, step and key"
        <| fun () ->
            let u dtype =
                Run.interpreted [ Expr.Uniform(shape [ 3; 3 ], counter, 5u, dtype) ] (at 77)
                |> List.head

            let words = [|
                for i in 0u .. 4u do
                    let struct (a, b) = Philox.DrawTwo(i, 77u, 5u)
                    a
                    b
            |]

            Expect.sequenceEqual (u DType.F64) [ for w in words[..8] -> float w / 4294967296.0 ] "f64: 32 bits"
            Expect.sequenceEqual (u DType.F32) [ for w in words[..8] -> float (w >>> 8) / 16777216.0 ] "f32: 24 bits"

        for dtype in [ DType.F32; DType.F64 ] do
            for dims in [ []; [ 1 ]; [ 7 ]; [ 64 ]; [ 5; 1 ]; [ 16; 33 ]; [ 3; 5; 7 ]; [ 9; 1000 ]; [ 101; 131 ]; [ 8200 ] ] do
                testCase $"the same bits at every width and number of threads: {DTypes.Text dtype}{dims}"
                <| fun () ->
                    let u = Expr.Uniform(shape dims, counter, 0xDEADBEEFu, dtype)
                    let x = Expr.Input("x", shape dims, dtype)
                    let last = [| if dims.IsEmpty then () else -1 |]

                    let outputs = [
                        u
                        x + u
                        Expr.Select(Expr.op_LessThan (u, 0.5), x, -x)
                        // a row of odd length starts at odd places
                        (if dims.IsEmpty then u else (x * u).Max(last, true))
                        u.Reshape(-1).Slice(0, u.Shape.Size / 2, 1)
                    ]

                    let values = Evaluate.randomBindings 1 outputs
                    let expected = Run.interpreted outputs values

                    for output, numbers in List.zip outputs expected do
                        for width in Run.widths do
                            for threads in [ 1; 3 ] do
                                Expect.isTrue
                                    (Run.identical (Run.compiled width threads [ output ] values) [ numbers ])
                                    $"{width}, {threads} threads: {output}"

                    for width in Run.widths do
                        Expect.isTrue (Run.identical (Run.compiled width 2 outputs values) expected) $"all together, {width}"

        testCase "even, and unlike their neighbours in place, step and key"
        <| fun () ->
            let draw step (key: uint32) =
                Run.compiled VectorWidth.Auto 1 [ Expr.Uniform(shape [ 100_000 ], counter, key) ] (at step)
                |> List.head

            let u = draw 3 1u
            Expect.all u (fun v -> v >= 0.0 && v < 1.0) "inside"
            // four standard errors
            Expect.floatClose { absolute = 0.0037; relative = 0.0 } (Array.average u) 0.5 "mean"

            let chiSquare =
                u
                |> Array.countBy (fun v -> int (v * 100.0))
                |> Array.sumBy (fun (_, count) -> float (count - 1000) ** 2.0 / 1000.0)

            Expect.isLessThan chiSquare 149.0 "chi-square over 100 bins"

            let correlation (a: float[]) (b: float[]) =
                Array.map2 (fun p q -> (p - 0.5) * (q - 0.5) * 12.0) a b |> Array.average

            let limit = 4.0 / sqrt 100_000.0
            Expect.isLessThan (abs (correlation u[..99_998] u[1..])) limit "neighbours"
            Expect.isLessThan (abs (correlation u (draw 4 1u))) limit "another step"
            Expect.isLessThan (abs (correlation u (draw 3 2u))) limit "another key"

        testCase "a count that the graph computes"
        <| fun () ->
            let u step = Expr.Uniform(shape [ 33 ], step, 1u)
            let shifted = Run.compiled VectorWidth.Auto 1 [ u (counter + 2.0) ] (at 5)
            Expect.isTrue (Run.identical shifted (Run.interpreted [ u counter ] (at 7))) "5 + 2"

        testCase "in a batch that is a symbol, and in f64"
        <| fun () ->
            let u = Expr.Uniform(shapeOf [ Dim "N"; Dim 3 ], counter, 1u)
            Expect.equal ((u.WithDType DType.F64).Type.ToString()) "f64[N,3]" "converted"
            Expect.equal ((u.Bind(readOnlyDict [ "N", 5 ])).Type.ToString()) "f32[5,3]" "bound"
    ]

/// The first so many steps of a graph of outputs, each anew.
let private steps width threads count (graph: Graph) (x: float[]) =
    let f = Compile.Function(graph, CompileOptions(Width = width, Threads = threads))
    use kept = ModelState.Initialise(f.Leaves, 0UL)

    [
        for _ in 1..count do
            let input = f.Inputs[0]

            [
                for output in f.Call(kept, Binding(input.Id, Tensor.From(input.Type.Shape, x).Cast input.Type.DType)) -> output.ToDoubles()
            ]
    ]

let private ones count = Array.create count 1.0

let private layer =
    testList "dropout" [
        testCase "inference changes nothing"
        <| fun () ->
            let x = batch [ 4 ]
            Expect.isTrue (same (Graph(x.Dropout 0.5).ForInference()).Outputs[0] x) "the same node"

            Expect.isTrue
                (same (Gradient.Of(Graph((x.Dropout 0.5).Sum()).ForInference().Outputs[0], x)[0]) (Gradient.Of(x.Sum(), x)[0]))
                "gradient"

        testCase "a rate of 0 changes nothing"
        <| fun () -> Expect.isTrue (same ((x [ 4 ]).Dropout 0.0) (x [ 4 ])) "the same node"

        for rate in [ 0.1; 0.25; 0.5; 0.9 ] do
            testCase $"drops {rate} of the elements, and scales the others"
            <| fun () ->
                let count = 40_000
                let node = Expr.Input("x", shape [ 200; 200 ])
                let xs = RandomStream(1UL, "x")
                let x = Array.init count (fun i -> float (float32 (1.0 + xs.Uniform(int64 i))))
                let y = (steps VectorWidth.Auto 2 1 (training (node.Dropout rate)) x).Head.Head
                let scale = float32 (1.0 / (1.0 - rate))
                let kept = y |> Array.filter (fun v -> v <> 0.0) |> Array.length
                let deviation = sqrt (float count * rate * (1.0 - rate))
                Expect.isLessThan (abs (float kept - float count * (1.0 - rate))) (4.0 * deviation) "how many are kept"

                for a, b in Array.zip x y do
                    Expect.isTrue (b = 0.0 || b = float (float32 a * scale)) $"{a} became {b}"

                Expect.floatClose { absolute = 0.0; relative = 0.06 } (Array.average y) (Array.average x) "the mean stays"

        testCase "the gradient passes where the element did"
        <| fun () ->
            let node = Expr.Input("x", shape [ 33; 65 ])
            let forward = training (node.Dropout(0.4).Tanh())
            let y = forward.Outputs[0]

            let graph =
                Graph(System.Collections.Immutable.ImmutableArray.Create(y, Gradient.Of(y.Sum(), node)[0]), forward.Updates)

            for width in Run.widths do
                for step in steps width 2 3 graph (ones (33 * 65)) do
                    match step with
                    | [ y; dx ] -> Expect.isTrue (Array.forall2 (fun a b -> (a = 0.0) = (b = 0.0)) y dx) "one mask"
                    | _ -> failtest "two outputs"

        testCase "a NaN that is dropped is gone"
        <| fun () ->
            let y =
                (steps VectorWidth.Auto 1 1 (training ((Expr.Input("x", shape [ 100 ])).Dropout 0.5)) (Array.create 100 nan)).Head.Head

            Expect.isTrue (Array.exists Double.IsNaN y && Array.contains 0.0 y) "some of each"

        testCase "each step drops others, each run the same"
        <| fun () ->
            let graph = training ((Expr.Input("x", shape [ 50; 21 ])).Dropout 0.5)

            let masks width threads =
                steps width threads 4 graph (ones (50 * 21)) |> List.map List.head

            let first = masks VectorWidth.Bits256 1
            Expect.equal (first |> List.distinctBy List.ofArray |> List.length) 4 "four masks"

            for width in Run.widths do
                Expect.isTrue (Run.identical (masks width 3) first) $"again, {width}"

        testCase "layers differ by their number or name"
        <| fun () ->
            let x = Expr.Input("x", shape [ 64 ])

            let keys (y: Expr) = [
                for e in Evaluate.close [ y ] do
                    match e.Op with
                    | :? Uniform as u -> u.Key
                    | _ -> ()
            ]

            let three = keys (x.Dropout(0.5).Dropout(0.5).Dropout(0.5))
            Expect.equal (List.distinct three).Length 3 "one after the other"
            Expect.isTrue (Evaluate.alike (x.Dropout(0.5)) (x.Dropout(0.5, "dropout1"))) "the first is dropout1"
            Expect.notEqual (keys (x.Dropout(0.5, "a"))) (keys (x.Dropout(0.5, "b"))) "names"

        testCase "each layer has a count of its own, which a step moves once, however often the layer is used"
        <| fun () ->
            let x, shared =
                Expr.Input("x", shape [ 8 ]), Layer.Of(fun (x: Expr) -> x.Dropout 0.5)

            let graph = training (shared.Apply(shared.Apply(x).Dropout(0.5)))
            Expect.equal graph.Updates.Length 2 "two updates"
            let f = Compile.Function graph
            use kept = ModelState.Initialise(f.Leaves, 0UL)

            for _ in 1..5 do
                f.Call(kept, Binding("x", Tensor.From(Array.create 8 1.0f))) |> ignore

            for name in [ "dropout1.step"; "dropout2.step" ] do
                Expect.equal (kept[name].Item()) 5.0 "five steps"

        testCase "gradients by differences, mask held"
        <| fun () ->
            let x = Reference.f64 "x" [ 5; 7 ]
            let step = Expr.State("d.step", shape [], 0, DType.I32)
            let y = (training ((x * x).Dropout(0.3, "d").Tanh())).Outputs[0]
            Expect.isTrue (Expr.Nodes y |> Seq.exists (fun e -> same e step)) "drawn by the count"
            Differences.check 1 y
    ]

let private net: SmallTraining.SmallNet = {
    Net = Model.Input(6).Dense(32).Relu().Dropout(0.3).Dense(16).Relu().Dropout(0.2).Dense(3)
    Spread = id
    Penalty = null
}

let private program = SmallTraining.program net
let private examples = SmallTraining.examples net
let private trained = SmallTraining.trained net

let private trainings =
    testList "training" [
        testCase "it learns, and predicts without dropping"
        <| fun () ->
            let program, kept = trained VectorWidth.Auto 2 200
            let test = examples 999UL 200
            Expect.isGreaterThan ((program.Evaluate.Call(kept, test)[1]).Item()) 0.85 "accuracy"

            let predict () =
                (program.Predict.Call(kept, test[0])[0]).ToDoubles()

            Expect.sequenceEqual (predict ()) (predict ()) "the same scores each time"
            Expect.equal (kept["dropout1.step"].Item(), kept["dropout2.step"].Item()) (200.0, 200.0) "steps"

        for test in SmallTraining.sameBits net do
            test

        testCase "a mask is drawn once, kept as bytes, and used inside the products"
        <| fun () ->
            let text = (program VectorWidth.Auto 1).Step.Explain(struct ("N", 64))
            let schedule = text[text.IndexOf "== schedule" .. text.IndexOf "== plan"]
            let lines = schedule.Split '\n'
            let drawn = lines |> Array.filter (fun line -> line.Contains "= uniform")
            Expect.equal drawn.Length 2 $"two layers\n{schedule}"
            Expect.all drawn (fun line -> not (line.Contains "stored")) "numbers are not kept"

            let masks =
                lines
                |> Array.filter (fun line -> line.Contains "bool[64," && line.Contains "greater_equal")

            Expect.equal (masks |> Array.filter (fun line -> line.Contains "stored") |> Array.length) 2 $"masks are\n{schedule}"
    ]

let private mistakes =
    refusals "mistakes" [
        "a rate of 1", (fun () -> (x [ 4 ]).Dropout 1.0), "dropout: the rate must be at least 0 and less than 1; got 1. 0.5 drops half."

        "a negative rate",
        (fun () -> (x [ 4 ]).Dropout -0.1),
        "dropout: the rate must be at least 0 and less than 1; got -0.1. 0.5 drops half."

        "a rate of NaN", (fun () -> (x [ 4 ]).Dropout nan), "dropout: the rate must be at least 0 and less than 1; got NaN. 0.5 drops half."

        "dropping integers",
        (fun () -> (i32 [ 4 ]).Dropout 0.5),
        "dropout: operands must be f32 or f64; got i32[4]. Cast first: .Cast(DType.F32)?"

        "a count that is a float",
        (fun () -> Expr.Uniform(shape [ 4 ], x [], 1u)),
        "uniform: the count of steps must be a scalar, i32[]; got f32[]. Make it a state: Expr.State(\"step\", [], 0, DType.I32)?"

        "random integers",
        (fun () -> Expr.Uniform(shape [ 4 ], i32 [], 1u, DType.I32)),
        "uniform: the numbers must be f32 or f64; got i32[4]. Compare or cast them: Uniform(...) < 0.5?"
    ]

[<Tests>]
let tests =
    testList "dropout and random bits" [ numbers; layer; trainings; mistakes ]
