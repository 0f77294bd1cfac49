/// The choice between training and inference, states that layers carry, and the layers that normalise, against the formulas of their papers.
module Cv.Tests.NormalisationTests

open System
open System.Collections.Generic
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto

let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)
let private f64 name dims = Reference.f64 name dims

let private state name dims =
    Expr.State(name, shape dims, 0.0, DType.F64)

let private training (y: Expr) = Graph(y).ForTraining()

let private choice =
    testList "when training" [
        testCase "each side is the operand itself"
        <| fun () ->
            let a, b = f64 "a" [ 2 ], f64 "b" [ 2 ]
            let y = a.WhenTraining(b) * 2.0
            Expect.isTrue (same (training y).Outputs[0] (a * 2.0)) "training"
            Expect.isTrue (same (Graph(y).ForInference()).Outputs[0] (b * 2.0)) "inference"
            Expect.equal [ for i in Compile.Function(y).Inputs -> i.Id ] [ "b" ] "a compiled function needs that side alone"

        testCase "a graph that asks nothing stays the same object"
        <| fun () ->
            let graph = Graph((f64 "a" [ 2 ]).Tanh())
            Expect.isTrue (obj.ReferenceEquals(graph.ForTraining(), graph)) "training"
            Expect.isTrue (obj.ReferenceEquals(graph.ForInference(), graph)) "inference"

        testCase "the gradient may come first or last"
        <| fun () ->
            let x = f64 "x" [ 3 ]
            let loss = (x * x).WhenTraining(x.Tanh()).Sum() + x.Sum()
            let values = [ "x", [| 1.0; -2.0; 0.5 |] ]
            let first = Graph(Gradient.Of(loss, x)[0])

            for choose in [ (fun (g: Graph) -> g.ForTraining()); (fun g -> g.ForInference()) ] do
                let last = Gradient.Of(choose(Graph loss).Outputs[0], x)[0]

                Expect.sequenceEqual
                    (Run.interpreted [ (choose first).Outputs[0] ] values).Head
                    (Run.interpreted [ last ] values).Head
                    "the same numbers"

        testCase "interpreter and compiled code take the side of inference"
        <| fun () ->
            let a, b = f64 "a" [ 2 ], f64 "b" [ 2 ]
            let outputs = [ a.Log().WhenTraining b ]
            let values = [ "a", [| -1.0; -1.0 |]; "b", [| 1.0; 2.0 |] ]
            Expect.sequenceEqual (Run.interpreted outputs values).Head [ 1.0; 2.0 ] "interpreted"
            Expect.sequenceEqual (Run.compiled VectorWidth.Auto 1 outputs values).Head [ 1.0; 2.0 ] "compiled"
            Expect.isNull (Interpreter.FirstNonFinite(Graph(List.head outputs), null, Run.bind outputs values)) "no NaN in the other"
    ]

let private memory =
    let s = state "s" [ 2 ]
    let x = f64 "x" [ 2 ]

    /// What three steps leave in s.
    let after (graph: Graph) =
        let f = Compile.Function graph
        use kept = ModelState.Initialise([ s ], 0UL)

        [
            for step in 1..3 do
                f.Call(kept, Binding("x", Tensor.From([| float step; 1.0 |]))) |> ignore
                List.ofArray (kept["s"].ToDoubles())
        ]

    testList "remember" [
        testCase "is its value, and a step updates the state"
        <| fun () ->
            let y = x.Remember(s, 0.5 * s + x) * 2.0
            let graph = training y
            Expect.isTrue (same graph.Outputs[0] (x * 2.0)) "the value"
            Expect.equal (List.ofSeq graph.Updates) [ Update(s, 0.5 * s + x) ] "the update"
            Expect.equal (after graph) [ [ 1.0; 1.0 ]; [ 2.5; 1.5 ]; [ 4.25; 1.75 ] ] "three steps"
            Expect.isEmpty (Graph(y).ForInference().Updates) "and otherwise not"

        testCase "the same twice is once"
        <| fun () ->
            let next = s + x
            Expect.equal (training (x.Remember(s, next) + (2.0 * x).Remember(s, next))).Updates.Length 1 "one update"

        testCase "a state remembered twice goes on from the value before"
        <| fun () ->
            let graph = training (x.Remember(s, s + x) + (x * x).Remember(s, 2.0 * s))
            Expect.equal (List.ofSeq graph.Updates) [ Update(s, 2.0 * (s + x)) ] "2 (s + x)"

        testCase "what training never computes is not remembered"
        <| fun () -> Expect.isEmpty (training (x.WhenTraining(x.Remember(s, s + x)))).Updates "the other side's"

        testCase "updates that a graph has already stay"
        <| fun () ->
            let other = state "other" [ 2 ]

            let graph =
                Graph(ImmutableArray.Create(x.Remember(s, s + x)), ImmutableArray.Create(Update(other, x.Remember(s, s + x)))).ForTraining()

            Expect.equal (List.ofSeq graph.Updates) [ Update(other, x); Update(s, s + x) ] "both"

        testCase "but not of the same state"
        <| fun () ->
            let graph =
                Graph(ImmutableArray.Create(x.Remember(s, s + x)), ImmutableArray.Create(Update(s, x)))

            Expect.throwsC (fun () -> graph.ForTraining() |> ignore) (fun ex ->
                Expect.equal
                    (Mistakes.text ex)
                    "update: each parameter or state may be updated once; got state \"s\" : f64[2] twice. Combine the two values into one."
                    "the text")
    ]

/// Splits the numbers of [..., C] by channel.
let private byChannel channels (values: float[]) =
    Array.init channels (fun c ->
        values
        |> Array.indexed
        |> Array.filter (fun (i, _) -> i % channels = c)
        |> Array.map snd)

let private meanOf (values: float[]) = Array.average values

let private varianceOf (values: float[]) =
    values |> Array.averageBy (fun v -> (v - meanOf values) ** 2.0)

/// Ioffe and Szegedy's algorithm 1, and the gradients of their section 3: y, dx, dscale, dshift.
let private paper channels (x: float[]) (scale: float[]) (shift: float[]) (dy: float[]) =
    let xs, dys = byChannel channels x, byChannel channels dy
    let deviation = xs |> Array.map (fun v -> sqrt (varianceOf v + 1e-5))
    let mean = xs |> Array.map meanOf

    let hat i =
        (x[i] - mean[i % channels]) / deviation[i % channels]

    let hats = byChannel channels (Array.init x.Length hat)
    let dshift = dys |> Array.map Array.sum
    let dscale = Array.map2 (fun dy hat -> Array.map2 (*) dy hat |> Array.sum) dys hats
    let n = float (x.Length / channels)

    [
        Array.init x.Length (fun i -> scale[i % channels] * hat i + shift[i % channels])
        Array.init x.Length (fun i ->
            let c = i % channels
            scale[c] / deviation[c] * (dy[i] - dshift[c] / n - hat i * dscale[c] / n))
        dscale
        dshift
    ]

/// A graph with parameters and states given by name.
let private call width threads (graph: Graph) (values: (string * float[]) list) =
    let f = Compile.Function(graph, CompileOptions(Width = width, Threads = threads))
    let given = dict values
    use kept = ModelState.Initialise(f.Leaves, 0UL)

    for name in kept.Names do
        match given.TryGetValue name with
        | true, numbers -> kept[name].CopyFrom(Tensor.From(kept[name].Shape, numbers).Cast kept[name].DType)
        | _ -> ()

    let inputs = [| for input in f.Inputs -> Binding(input.Id, Tensor.From(input.Type.Shape, given[input.Id]).Cast input.Type.DType) |]

    let outputs = [ for output in f.Call(kept, inputs) -> output.ToDoubles() ]
    outputs, dict [ for name in kept.Names -> name, kept[name].ToDoubles() ]

let private shapes = [ [ 5; 3 ]; [ 64; 1 ]; [ 3; 4; 5; 2 ]; [ 7; 3; 17 ]; [ 40; 33 ]; [ 2; 9; 9; 16 ] ]

let private batchNorm =
    testList "batch norm" [
        for dims in shapes do
            let channels = List.last dims
            let x, dy = f64 "x" dims, f64 "dy" dims
            let y = x.BatchNorm "bn"

            let parameters =
                Evaluate.named [ y ]
                |> List.filter (fun (_, leaf) -> leaf.Op :? Parameter)
                |> List.map snd

            testCase $"by the paper's formulas, {dims}"
            <| fun () ->
                let forward = training y

                let gradients =
                    Gradient.Of((forward.Outputs[0] * dy).Sum(), Array.ofList (x :: parameters))

                let graph = Graph(gradients.Insert(0, forward.Outputs[0]), forward.Updates)
                let values = Evaluate.randomBindings 3 (List.ofSeq graph.Outputs @ parameters)
                let given = dict values

                let expected =
                    paper channels given["x"] given["bn.scale"] given["bn.shift"] given["dy"]

                for width in Run.widths do
                    let actual, _ = call width 1 graph values
                    Expect.isTrue (Run.near 1e-12 actual expected) $"{width}"
                    Expect.isTrue (Run.identical (fst (call width 2 graph values)) actual) $"{width}, two threads"

            if Shape.Of(dims).Size < 200 then
                testCase $"gradients by differences, {dims}"
                <| fun () ->
                    Differences.check 1 (training y).Outputs[0]

                    let positive =
                        Evaluate.randomBindings 2 [ y ]
                        |> List.map (fun (name, values) -> name, Array.map abs values)

                    Differences.checkAt positive 2 y
                    Differences.check 3 (Gradient.Of((training (y.Tanh())).Outputs[0].Sum(), x)[0])

        testCase "a step moves the running statistics, by the unbiased variance"
        <| fun () ->
            let x = f64 "x" [ 4; 2 ]
            let graph = training (x.BatchNorm("bn", 0.25))
            let numbers = [| 1.0; 10.0; 2.0; 20.0; 3.0; 30.0; 4.0; 40.0 |]

            let _, kept =
                call VectorWidth.Auto 1 graph [ "x", numbers; "bn.mean", [| 1.0; 5.0 |]; "bn.variance", [| 1.0; 2.0 |] ]

            Expect.equal (List.ofArray kept["bn.mean"]) [ 0.75 + 0.25 * 2.5; 3.75 + 0.25 * 25.0 ] "means 2.5 and 25"
            let variance = 1.25 * 4.0 / 3.0

            for actual, expected in Array.zip kept["bn.variance"] [| 0.75 + 0.25 * variance; 1.5 + 25.0 * variance |] do
                Expect.floatClose Accuracy.veryHigh actual expected "variances 5/3 and 500/3"

        testCase "inference reads them, and moves nothing"
        <| fun () ->
            let x = f64 "x" [ 2; 2 ]

            let outputs, kept =
                call VectorWidth.Auto 1 (Graph(x.BatchNorm("bn", epsilon = 1.0))) [
                    "x", [| 1.0; 2.0; 3.0; 4.0 |]
                    "bn.mean", [| 1.0; 2.0 |]
                    "bn.variance", [| 3.0; 0.0 |]
                    "bn.scale", [| 2.0; 3.0 |]
                    "bn.shift", [| 0.5; -1.0 |]
                ]

            Expect.equal (List.map List.ofArray outputs) [ [ 0.5; -1.0; 2.5; 5.0 ] ] "by hand"
            Expect.equal (List.ofArray kept["bn.mean"]) [ 1.0; 2.0 ] "unmoved"

        testCase "the running variance of a single example stays a number"
        <| fun () ->
            let _, kept =
                call VectorWidth.Auto 1 (training ((f64 "x" [ 1; 2 ]).BatchNorm "bn")) [ "x", [| 1.0; 2.0 |] ]

            Expect.equal (List.ofArray kept["bn.variance"]) [ 0.9; 0.9 ] "0 is not divided by 0"

        testCase "a large mean costs no digits of the variance"
        <| fun () ->
            let x = Expr.Input("x", shape [ 4; 1 ])
            let y = Graph((training (x.BatchNorm())).Outputs[0])

            let outputs, _ =
                call VectorWidth.Auto 1 y [ "x", [| 10001.0; 10002.0; 10003.0; 10004.0 |] ]

            let d = sqrt 1.25001

            for actual, expected in Array.zip outputs.Head [| -1.5 / d; -0.5 / d; 0.5 / d; 1.5 / d |] do
                Expect.floatClose { absolute = 1e-6; relative = 1e-6 } actual expected "in f32"

        testCase "names, and what a penalty leaves alone"
        <| fun () ->
            let model =
                Model.Input(4).Dense(3).BatchNorm().Relu().Dense(3).BatchNorm().BatchNorm("last")

            Expect.equal
                [ for p in model.Parameters -> (p.Op :?> Parameter).Id ]
                [
                    "dense1.w"
                    "dense1.b"
                    "batchnorm1.scale"
                    "batchnorm1.shift"
                    "dense2.w"
                    "dense2.b"
                    "batchnorm2.scale"
                    "batchnorm2.shift"
                    "last.scale"
                    "last.shift"
                ]
                "parameters"

            Expect.equal [ for p in model.Weights -> (p.Op :?> Parameter).Id ] [ "dense1.w"; "dense2.w" ] "weights"

        testCase "a layer used twice follows both batches"
        <| fun () ->
            let x, z = f64 "x" [ 2; 1 ], f64 "z" [ 2; 1 ]
            let graph = training (x.BatchNorm("bn", 0.5) + z.BatchNorm("bn", 0.5))

            let _, kept =
                call VectorWidth.Auto 1 graph [ "x", [| 0.0; 2.0 |]; "z", [| 4.0; 8.0 |] ]

            Expect.equal (List.ofArray kept["bn.mean"]) [ 0.5 * (0.5 * 1.0) + 0.5 * 6.0 ] "one after the other"

        testCase "few passes over the batch"
        <| fun () ->
            let x, dy =
                Expr.Input("x", shapeOf [ Dim "N"; Dim 64 ]), Expr.Input("dy", shapeOf [ Dim "N"; Dim 64 ])

            let forward = training (x.BatchNorm "bn")

            let parameters =
                Evaluate.named [ forward.Outputs[0] ] |> List.map snd |> Array.ofList

            let gradients = Gradient.Of((forward.Outputs[0] * dy).Sum(), parameters)

            let f =
                Compile.Function(Graph(gradients.Insert(0, forward.Outputs[0]), forward.Updates))

            let text = f.Explain(struct ("N", 4096))

            let walks =
                text.Split '\n'
                |> Array.filter (fun line -> line.StartsWith "loop 262144")
                |> Array.length

            Expect.isLessThanOrEqual walks 4 $"mean; variance; result with the gradient's sums; gradient\n{text}"
    ]

let private layerNorm =
    testList "layer norm" [
        for dims in [ [ 2; 3 ]; [ 5; 17 ]; [ 2; 3; 4; 6 ]; [ 40; 33 ] ] do
            testCase $"rows of mean 0 and deviation 1, then scaled and shifted, {dims}"
            <| fun () ->
                let y = (f64 "x" dims).LayerNorm "ln"
                let channels = List.last dims
                let values = Evaluate.randomBindings 3 [ y ]
                let given = dict values

                let expected =
                    given["x"]
                    |> Array.chunkBySize channels
                    |> Array.collect (fun row ->
                        row
                        |> Array.mapi (fun c v ->
                            (v - meanOf row) / sqrt (varianceOf row + 1e-5) * given["ln.scale"][c]
                            + given["ln.shift"][c]))

                for width in Run.widths do
                    let actual, _ = call width 2 (Graph y) values
                    Expect.isTrue (Run.near 1e-12 actual [ expected ]) $"{width}"

        for dims in [ [ 2; 3 ]; [ 5; 17 ]; [ 2; 3; 4; 2 ] ] do
            testCase $"gradients by differences, {dims}"
            <| fun () -> Differences.check 1 ((f64 "x" dims).LayerNorm())

        testCase "the same in training"
        <| fun () ->
            let y = (f64 "x" [ 2; 3 ]).LayerNorm()
            Expect.isTrue (same (training y).Outputs[0] y) "nothing to choose"

        testCase "its parameters"
        <| fun () ->
            let model = Model.Input(4, 4, 2).LayerNorm().LayerNorm().LayerNorm("last")

            Expect.equal
                [ for p in model.Parameters -> p.ToString() ]
                [
                    "parameter \"layernorm1.scale\" : f32[1,1,1,2]"
                    "parameter \"layernorm1.shift\" : f32[1,1,1,2]"
                    "parameter \"layernorm2.scale\" : f32[1,1,1,2]"
                    "parameter \"layernorm2.shift\" : f32[1,1,1,2]"
                    "parameter \"last.scale\" : f32[1,1,1,2]"
                    "parameter \"last.shift\" : f32[1,1,1,2]"
                ]
                "parameters"

            Expect.isEmpty model.Weights "none is penalised"
    ]

let private net: SmallTraining.SmallNet = {
    Net = Model.Input(6).Dense(16).BatchNorm().Relu().Dense(8).LayerNorm().Relu().Dense(3)
    Spread = fun normal -> 5.0 + 3.0 * normal // far from mean 0
    Penalty = Func<_, _>(fun w -> 1e-3 * w.L2())
}

let private program = SmallTraining.program net
let private examples = SmallTraining.examples net
let private trained = SmallTraining.trained net

let private trainings =
    testList "training" [
        testCase "leaves: parameters, the layers' states, the optimiser's"
        <| fun () ->
            use kept = (program VectorWidth.Auto 1).Initialise(1UL)

            for name in
                [
                    "dense1.w"
                    "batchnorm1.scale"
                    "batchnorm1.mean"
                    "batchnorm1.variance"
                    "layernorm1.shift"
                    "batchnorm1.scale/velocity"
                ] do
                Expect.isTrue (kept.Contains name) name

            Expect.equal (kept["batchnorm1.variance"].ToDoubles() |> Array.distinct) [| 1.0 |] "starts at 1"

        testCase "it learns, and the running statistics serve one example at a time"
        <| fun () ->
            let program, kept = trained VectorWidth.Auto 2 150
            let test = examples 999UL 64
            let accuracy = (program.Evaluate.Call(kept, test)[1]).Item()
            Expect.isGreaterThan accuracy 0.9 "accuracy"
            let all = (program.Predict.Call(kept, test[0])[0]).ToDoubles()

            let one =
                Binding("x", Tensor.From(shape [ 1; 6 ], test[0].Value.ToArray<float32>()[..5]))

            let alone = (program.Predict.Call(kept, one)[0]).ToDoubles()

            for a, b in Array.zip alone all[..2] do
                Expect.floatClose { absolute = 1e-5; relative = 1e-5 } a b "the same scores in a batch and alone"

        testCase "only the step moves the running statistics"
        <| fun () ->
            let program, kept = trained VectorWidth.Auto 1 1
            let before = SmallTraining.bits kept
            program.Evaluate.Call(kept, examples 5UL 64) |> ignore
            program.Predict.Call(kept, (examples 5UL 64)[0]) |> ignore
            Expect.equal (SmallTraining.bits kept) before "unmoved"
            program.Step.Call(kept, examples 5UL 64) |> ignore
            Expect.notEqual (SmallTraining.bits kept) before "moved"

        for test in SmallTraining.sameBits net do
            test

        testCase "a NaN is found in a step"
        <| fun () ->
            let program = program VectorWidth.Auto 1
            use kept = program.Initialise 1UL
            let bad = examples 1UL 64
            bad[0].Value.AsSpan<float32>()[3] <- nanf

            match program.Step.FirstNonFinite(kept, bad) with
            | null -> failtest "there is one"
            | report -> Expect.isTrue (report.Node.StartsWith "input \"x\"") report.Node
    ]

let private mistakes =
    refusals "mistakes" [
        "two types to choose from",
        (fun () -> (x [ 2 ]).WhenTraining(x [ 3 ])),
        "when_training: both values must be of one type; got f32[2] and f32[3]. Cast or broadcast one of them."

        "remembering an input",
        (fun () -> (x [ 2 ]).Remember(x [ 2 ], x [ 2 ])),
        "remember: the target must be a state; got input \"x\" : f32[2]. Make one: Expr.State(\"mean\", [10])?"

        "remembering another type",
        (fun () -> (x [ 2 ]).Remember(Expr.State("s", shape [ 2 ]), x [ 3 ])),
        "remember: the next value must be of the state's type; got f32[3] for f32[2]. Cast or reshape the value."

        "the variance of integers",
        (fun () -> (i32 [ 2 ]).Variance()),
        "variance: operands must be f32 or f64; got i32[2]. Cast first: .Cast(DType.F32)?"

        "a batch norm of numbers",
        (fun () -> (batch []).BatchNorm()),
        "batch_norm: \"batchnorm1\" needs examples of features, f32 or f64 [N, ..., C] with C known; got f32[N]. Reshape it first: .Reshape(1, -1)?"

        "a layer norm of integers",
        (fun () -> (i32 [ 2; 3 ]).LayerNorm "ln"),
        "layer_norm: \"ln\" needs examples of features, f32 or f64 [N, ..., C] with C known; got i32[2,3]. Cast it first: .Cast(DType.F32)?"

        "channels of a symbol",
        (fun () -> Expr.Input("x", shapeOf [ Dim 2; Dim "C" ]).LayerNorm()),
        "layer_norm: \"layernorm1\" needs examples of features, f32 or f64 [N, ..., C] with C known; got f32[2,C]. Give the last dim a number."

        "a momentum above 1",
        (fun () -> (batch [ 3 ]).BatchNorm(momentum = 1.5)),
        "batch_norm: the momentum must be at least 0 and at most 1; got 1.5. 0.1 is usual."

        "a name that is taken",
        (fun () -> Model.Input(4).BatchNorm("a").BatchNorm("a").Output),
        "batch_norm: a layer's name must be its own; the model already has \"a.scale\". Choose another, or share on purpose: .Then(x => x.BatchNorm(...))."

        "a name that another layer has",
        (fun () -> Model.Input(4).BatchNorm("a").LayerNorm("a").Output),
        "layer_norm: a layer's name must be its own; the model already has \"a.scale\". Choose another, or share on purpose: .Then(x => x.LayerNorm(...))."

        "no epsilon",
        (fun () -> (batch [ 3 ]).BatchNorm(epsilon = 0.0)),
        "batch_norm: epsilon must be a finite number above 0; got 0. 1e-5 is usual."
    ]

[<Tests>]
let tests =
    testList "normalisation" [ choice; memory; batchNorm; layerNorm; trainings; mistakes ]
