module Cv.Tests.LayerTests

open System.Collections.Generic
open Cv.Dsl
open Cv.Tests.ErrorTextTests
open Cv.Tests.Evaluate
open Cv.Tests.Generators
open Expecto

let private same (a: Expr) (b: Expr) = obj.ReferenceEquals(a, b)

let private types (nodes: Expr seq) =
    nodes |> Seq.map _.ToString() |> List.ofSeq

let private layers =
    testList "layers" [
        testCase "linear by numbers"
        <| fun () ->
            // rows times columns: the transpose of how the notes write W x + b
            let x = Expr.Input("x", shape [ 1; 4 ], DType.F64)

            let scores =
                x.Linear(3, "l")
                |> value [
                    "x", [| 56; 231; 24; 2 |]
                    "l.w", [| 0.2; 1.5; 0; -0.5; 1.3; 0.25; 0.1; 2.1; 0.2; 2.0; 0.0; -0.3 |]
                    "l.b", [| 1.1; 3.2; -1.2 |]
                ]

            for actual, expected in Seq.zip scores [ -96.8; 437.9; 60.75 ] do
                Expect.floatClose Accuracy.high actual expected "score"

        testCase "a dense layer's parameters"
        <| fun () ->
            let model = Model.Input(784).Dense(256).Relu().Dense(10)
            Expect.equal (model.Output.Type.ToString()) "f32[N,10]" "scores"

            Expect.equal
                (types model.Parameters)
                [
                    "parameter \"dense1.w\" : f32[784,256]"
                    "parameter \"dense1.b\" : f32[1,256]"
                    "parameter \"dense2.w\" : f32[256,10]"
                    "parameter \"dense2.b\" : f32[1,10]"
                ]
                "in order of appearance"

            Expect.equal
                (types model.Weights)
                [ "parameter \"dense1.w\" : f32[784,256]"; "parameter \"dense2.w\" : f32[256,10]" ]
                "what a penalty applies to"

        testCase "initialisers: He and zeros, unless chosen"
        <| fun () ->
            let chosen (model: Model) = [ for p in model.Parameters -> (p.Op :?> Parameter).Initialiser ]

            Expect.equal (chosen (Model.Input(4).Dense(3))) [ Initialiser.He; Initialiser.Zeros ] "usual"

            Expect.equal
                (chosen (Model.Input(4).Dense(3, Initialiser.Xavier, Initialiser.SmallRandom())))
                [ Initialiser.Xavier; Initialiser.SmallRandom() ]
                "chosen"

        testCase "a name of one's own, and the numbers go on"
        <| fun () ->
            let model = Model.Input(4).Dense(3).Dense(3, name = "head").Dense(2)

            Expect.equal [ for w in model.Weights -> (w.Op :?> Parameter).Id ] [ "dense1.w"; "head.w"; "dense2.w" ] "names"

        testCase "shapes of three layers"
        <| fun () ->
            let i = Expr.Input("I", shape [ 1; 3 ])
            let first = i.Linear(4, "a")
            let second = first.Linear(4, "b")
            let third = second.Linear(1, "c")
            Expect.equal [ for e in [ first; second; third ] -> e.Shape.ToString() ] [ "[1,4]"; "[1,4]"; "[1,1]" ] "shapes"

        testCase "images are flattened to rows"
        <| fun () ->
            let model = Model.Input(28, 28, 1).Flatten().Dense(10)
            Expect.equal (model.Source.Type.ToString()) "f32[N,28,28,1]" "NHWC"
            Expect.equal ((model.Weights[0]).Shape.ToString()) "[784,10]" "28 x 28 x 1 rows"
            Expect.equal ((batch []).Flatten().Shape.ToString()) "[N,1]" "a number each is a row of one"
    ]

let private models =
    testList "model" [
        testCase "longer models leave shorter ones as they were"
        <| fun () ->
            let first = Model.Input(4).Dense(3)
            let output = first.Output
            let longer = first.Tanh().Sigmoid().LeakyRelu(0.1).Then(fun y -> y * 2.0f)
            Expect.isTrue (same first.Output output) "the same"
            Expect.isTrue (same longer.Output (output.Tanh().Sigmoid().LeakyRelu(0.1) * 2.0f)) "what was written"

        testCase "applied to another input of its type"
        <| fun () ->
            let model = Model.Input(4).Dense(3).Relu()
            let other = Expr.Input("other", model.Source.Shape) * 2.0
            Expect.isTrue (Evaluate.alike (model.Apply other) (other.Linear(3, "dense1").Relu())) "rebuilt around it"
            Expect.isTrue (same (model.Apply model.Source) model.Output) "around its own, itself"

        testCase "applied to a batch of known size"
        <| fun () ->
            let model =
                Model.Input(2, 2, 1).Flatten().Dense(3).Then(fun y -> y / y.Sum([| 0 |], true))

            let applied = model.Apply(x [ 5; 2; 2; 1 ])
            Expect.equal (applied.Type.ToString()) "f32[5,3]" "five rows"
            Expect.all (Expr.Nodes applied) (fun e -> e.Shape.IsKnown) "no symbol left"

        testCase "in f64, as if it had been written so"
        <| fun () ->
            let build (model: Model) =
                model.Flatten().Dense(7).LeakyRelu(0.1).Then(fun y -> y * 0.3f - y.Mean()).Dense(3).Output

            let labels = Expr.Input("labels", shapeOf [ Dim "N" ], DType.I32)

            let loss (scores: Expr) =
                scores.SoftmaxCrossEntropy labels
                + scores.MulticlassSvm labels
                + scores.Accuracy labels

            let narrow = build (Model.Input(2, 2, 1)) |> loss
            let wide = build (Model.Input(shape [ 2; 2; 1 ], DType.F64)) |> loss
            Expect.isTrue (Evaluate.alike (narrow.WithDType DType.F64) wide) "the same node"
            Expect.isTrue (Evaluate.alike (wide.WithDType DType.F32) narrow) "and back"
            let model = Model.Input(4).Dense(3).WithDType DType.F64
            Expect.equal (types model.Parameters) [ "parameter \"dense1.w\" : f64[4,3]"; "parameter \"dense1.b\" : f64[1,3]" ] "parameters"
            Expect.equal (model.Source.Type.ToString()) "f64[N,4]" "source"

        testCase "of a graph that was written out"
        <| fun () ->
            let x = batch [ 4 ]
            Expect.equal (Model(x, x.Linear(2, "l")).Parameters.Length) 2 "parameters"
            Expect.equal (Model(x, x.Tanh())) (Model(x, x.Tanh())) "models are equal by content"
    ]

let private walks =
    testList "walks" [
        testCase "nodes: each once, operands first, in the order of the text"
        <| fun () ->
            let a, b = Expr.Input("a", shape [ 2 ]), Expr.Input("b", shape [ 2 ])
            let sum = a + b
            let y = sum * sum - b

            Expect.equal
                (types (Expr.Nodes(y, sum)))
                [ "input \"a\" : f32[2]"; "input \"b\" : f32[2]"; "add : f32[2]"; "mul : f32[2]"; "sub : f32[2]" ]
                "order"

        testCase "substitute replaces every use, and keeps what it does not touch"
        <| fun () ->
            let a, b, c =
                Expr.Input("a", shape [ 2 ]), Expr.Input("b", shape [ 2 ]), Expr.Input("c", shape [ 2 ])

            let untouched = b.Tanh()
            let y = (a * untouched + a).Exp()
            let replaced = y.Substitute(Dictionary [ KeyValuePair(a, c) ])
            Expect.isTrue (same replaced ((c * untouched + c).Exp())) "by c"
            Expect.isTrue (same (y.Substitute(Dictionary [ KeyValuePair(c, a) ])) y) "nothing to replace: the same object"
            Expect.isTrue (same (y.Substitute(Dictionary [ KeyValuePair(y, a) ])) a) "the root itself"

        testCase "swapping two nodes at once"
        <| fun () ->
            let a, b = Expr.Input("a", shape [ 2 ]), Expr.Input("b", shape [ 2 ])

            let swapped =
                (a - b).Substitute(Dictionary [ KeyValuePair(a, b); KeyValuePair(b, a) ])

            Expect.isTrue (same swapped (b - a)) "b - a"

        testCase "literals and counts change dtype with the rest"
        <| fun () ->
            let y =
                Expr.Literal(shape [ 2 ], [| 0.1; 0.5 |]) * Expr.Iota(shape [ 2 ], 0, DType.F32)
                + Expr.Iota(shape [ 2 ], 0).Cast(DType.F32)

            let wide = y.WithDType DType.F64
            Expect.all (Expr.Nodes wide) (fun e -> e.DType <> DType.F32) "no f32 left"
            Expect.sequenceEqual (value [] wide) [ 0.0; 1.5 ] "values"
            Expect.isTrue (Expr.Nodes wide |> Seq.exists (fun e -> e.DType = DType.I32)) "i32 stays"

        testCase "a chain of 20,000 ops is walked without recursion"
        <| fun () ->
            let mutable y = batch [ 3 ]

            for _ in 1..20_000 do
                y <- y + 1.0

            let model = Model(batch [ 3 ], y)
            Expect.equal (Expr.Nodes(y).Length) 20_002 "nodes"
            Expect.equal (model.Apply(x [ 2; 3 ]).Shape.ToString()) "[2,3]" "applied"
            Expect.equal (y.WithDType(DType.F64).DType) DType.F64 "converted"
    ]

let private mistakes =
    refusals "mistakes" [
        "a dense layer on images",
        (fun () -> Model.Input(28, 28, 1).Dense(10).Output),
        "linear: \"dense1\" needs rows of features, f32 or f64 [N, in] with in known; got f32[N,28,28,1]. Flatten it first: .Flatten()?"

        "a linear layer on numbers",
        (fun () -> (batch []).Linear(10, "l")),
        "linear: \"l\" needs rows of features, f32 or f64 [N, in] with in known; got f32[N]. Reshape it first: .Reshape(-1, 1)?"

        "a linear layer on integers",
        (fun () -> (i32 [ 2; 3 ]).Linear(10, "l")),
        "linear: \"l\" needs rows of features, f32 or f64 [N, in] with in known; got i32[2,3]. Give the columns a number, and cast integers: .Cast(DType.F32)?"

        "no outputs",
        (fun () -> Model.Input(4).Dense(0).Output),
        "linear: \"dense1\" must have at least one output; got 0. Give the number of columns."

        "a name that is taken",
        (fun () -> Model.Input(4).Dense(4, name = "a").Dense(4, name = "a").Output),
        "dense: a layer's name must be its own; the model already has \"a.w\". Choose another, or share on purpose: .Then(x => x.Dense(...))."

        "flattening a symbol",
        (fun () -> Expr.Input("x", shapeOf [ Dim "N"; Dim "H"; Dim 3 ]).Flatten()),
        "flatten: there must be a first dim, and the others be known; got f32[N,H,3]. Give all dims but the batch numbers."

        "a source that is no input",
        (fun () -> Model((x [ 2 ]).Tanh(), x [ 2 ]).Output),
        "model: the source must be an input; got tanh : f32[2]. Make one: Expr.Input(\"x\", [\"N\", 784])?"

        "a model applied to rows of another length",
        (fun () -> Model.Input(4).Dense(3).Apply(x [ 5; 3 ])),
        "model: the input must be f32[N,4], or have numbers for its symbols; got f32[5,3]. Reshape or cast it, or convert the model: WithDType?"

        "a model applied to another dtype",
        (fun () -> Model.Input(4).Dense(3).Apply(typed DType.F64 [ 5; 4 ])),
        "model: the input must be f32[N,4], or have numbers for its symbols; got f64[5,4]. Reshape or cast it, or convert the model: WithDType?"

        "a replacement of another type",
        (fun () -> (x [ 2 ]).Tanh().Substitute(Dictionary [ KeyValuePair(x [ 2 ], x [ 3 ]) ])),
        "substitute: a node may be replaced only by one of its own type; got f32[3] for input \"x\" : f32[2]. Cast or reshape the replacement."

        "a graph in integers",
        (fun () -> (x [ 2 ]).WithDType DType.I32),
        "with_dtype: the dtype must be f32 or f64; got i32. Integers and truth values stay as they are."
    ]

[<Tests>]
let tests = testList "layers and models" [ layers; models; walks; mistakes ]
