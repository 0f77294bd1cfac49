/// What is one layer and what is two: parameters, states and streams of random numbers, their names, and how to share.
module Cv.Tests.IdentityTests

open System.Collections.Generic
open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.Mistakes
open Expecto
open FsCheck
open FsCheck.FSharp

let private ids<'op when 'op :> Named> (y: Expr) = [
    for e in Evaluate.close [ y ] do
        match box e.Op with
        | :? 'op as leaf -> leaf.Id
        | _ -> ()
]

let private parameters y = ids<Parameter> y
let private states y = ids<State> y

let private numbers (y: Expr) =
    Expr.Nodes y
    |> Seq.filter (fun e -> e.Op :? Parameter)
    |> Seq.sumBy _.Shape.Size

let private streams (y: Expr) =
    [
        for e in Evaluate.close [ y ] do
            match e.Op with
            | :? Uniform as u -> u.Key
            | _ -> ()
    ]
    |> List.distinct

let private images = Expr.Input("x", shapeOf [ Dim "N"; Dim 8; Dim 8; Dim 3 ])
let private rows = Expr.Input("h", shapeOf [ Dim "N"; Dim 16 ])

let private pairs layers = [
    for layer in layers do
        $"{layer}.w"
        $"{layer}.b"
]

let private apart =
    testList "two layers written are two layers" [
        testCase "in two branches of one node"
        <| fun () ->
            let y = images.Conv(16, 3).Relu() + images.Conv(16, 3).Sigmoid()
            Expect.equal (parameters y) (pairs [ "conv1"; "conv2" ]) "names"
            Expect.equal (numbers y) 896 "numbers of 3 x 3 x 3 x 16 filters, and biases"

            let deep = Expr.Input("x", shape [ 2; 8; 8; 8 ])
            let y = deep.Conv(16, 3).Relu() + deep.Conv(16, 3).Sigmoid()
            Expect.equal (numbers y) 2336 "numbers"

        testCase "three times from one node: q, k and v"
        <| fun () ->
            let y = Expr.Concat(1, rows.Dense 16, rows.Dense 16, rows.Dense 16)
            Expect.equal (parameters y) (pairs [ "dense1"; "dense2"; "dense3" ]) "names"

        testCase "with running statistics"
        <| fun () ->
            let y =
                images.Conv(8, 3).BatchNorm()
                + images.Conv(8, 5, padding = Padding.Of 1).BatchNorm()

            Expect.equal (states y) [ "batchnorm1.mean"; "batchnorm1.variance"; "batchnorm2.mean"; "batchnorm2.variance" ] "statistics"

            Expect.hasLength (parameters y) 8 "filters, biases, scales and shifts"

        testCase "with dropout: two masks"
        <| fun () ->
            let x = Expr.Input("x", shape [ 64 ])
            let noise = Graph(x.Dropout 0.5 - x.Dropout 0.5).ForTraining()
            use state = ModelState.Initialise(Compile.Function(noise).Leaves, 1UL)

            let values =
                Compile.Function(noise).Call(state, Binding("x", Tensor.From(Array.create 64 1f)))[0]

            Expect.exists (values.ToDoubles()) (fun v -> v <> 0.0) "they differ"
            let one = x.Dropout 0.5
            Expect.hasLength (streams (one - one * 2.0)) 1 "one value is one"

        testCase "with augmentations"
        <| fun () ->
            let y =
                images.RandomFlip() + images.RandomFlip() + images.Cutout 2 + images.Cutout 2

            Expect.hasLength (streams y) 6 "flip, flip, rows, columns, rows, columns"
            Expect.equal (states y) [ "flip1.step"; "flip2.step"; "cutout1.step"; "cutout2.step" ] "counts"

        testCase "in a residual block, its shortcut of the same size or another"
        <| fun () ->
            for inner, shortcut in [ 3, 1; 3, 3; 1, 1 ] do
                let block (x: Expr) =
                    x.Conv(8, inner, padding = Padding.Same)
                    + x.Conv(8, shortcut, padding = Padding.Same)

                Expect.equal
                    (parameters (images |> block |> block))
                    (pairs [ "conv1"; "conv2"; "conv3"; "conv4" ])
                    $"{inner} and {shortcut}"

        testCase "in the body of a scan, and outside of it"
        <| fun () ->
            let xs = Expr.Input("xs", shape [ 5; 2; 4 ])
            let h0 = (Expr.Input("h0", shape [ 2; 4 ])).Dense 4

            let struct (last, _) =
                Expr.Scan(h0, xs, (fun h x -> (x.Dense 4 + h.Dense 4).Tanh()))

            let y = last.Dense 4
            Expect.hasLength (parameters y) 8 "four layers"
            Expect.equal (set (parameters y)) (set (pairs [ "dense1"; "dense2"; "dense3"; "dense4" ])) "names"

        testCase "in a checkpoint"
        <| fun () ->
            let y = rows.Checkpoint(fun x -> x.Dense 16 * x.Dense(16).Sigmoid()).Dense 16
            Expect.hasLength (parameters y) 6 "three layers"

        testCase "in a loop: a mixture of experts"
        <| fun () ->
            let experts = [ for _ in 1..4 -> rows.Dense(32).Relu().Dense 10 ]
            let y = List.reduce (+) experts
            Expect.hasLength (parameters y) 16 "tensors"
            Expect.equal (parameters y |> List.distinct).Length 16 "names"

        testCase "in F#, eta-expanded or not"
        <| fun () ->
            let hidden = dense 16 >> relu
            let again (x: Expr) = hidden x
            Expect.hasLength (parameters (hidden rows + again rows + (dense 16 >> relu) rows)) 6 "three layers"

        testCase "of a stage of a model, under its name"
        <| fun () ->
            let block (x: Expr) =
                x.Conv(8, 3, padding = Padding.Same) + x.Conv(8, 1)

            let model = Model.Input(8, 8, 3).Then("stem", block).Then(block).Then("tail", block)

            Expect.equal
                [ for p in model.Parameters -> (p.Op :?> Named).Id ]
                (pairs [ "stem/conv1"; "stem/conv2"; "conv1"; "conv2"; "tail/conv1"; "tail/conv2" ])
                "names"

        testCase "of two mixups"
        <| fun () ->
            Expect.hasLength (streams ((Mixup 0.2).Inputs rows + (Mixup 0.2).Inputs rows)) 4 "u and v of each"
            let mixup = Mixup 0.2

            let loss =
                mixup.Loss(fun scores labels -> scores.Dense(16).SoftmaxCrossEntropy labels)

            let labels = Expr.Input("labels", shapeOf [ Dim "N" ], DType.I32)
            let y = loss.Invoke(mixup.Inputs rows, labels)
            Expect.equal (parameters y) (pairs [ "dense1" ]) "one layer in one loss"
            Expect.hasLength (streams y) 2 "one value"
    ]

let private generator () =
    Model.Input(16).Dense(64).Relu().Dense(16)

let private critic () =
    Model.Input(16).Dense(64).Relu().Dense(1)

let private apartText subject =
    $"{subject}: a name must mean one layer; \"dense1\" is two, which were named apart. Keep them apart by a name, of a layer, name: \"other\", or of a whole model, model.Named(\"critic\"). To share one, apply one model or one Layer.Of(...) twice."

let private meeting =
    testList "models that meet" [
        testCase "are refused where they meet, with the fix"
        <| fun () ->
            let g, d = generator (), critic ()
            Expect.equal (told (fun () -> d.Apply g.Output)) (apartText "model") "applied"
            Expect.equal (told (fun () -> Graph(g.Output, d.Output))) (apartText "graph") "in a graph"
            Expect.equal (told (fun () -> Compile.Function(g.Output, d.Output))) (apartText "graph") "in a function"

            Expect.equal
                (told (fun () -> ModelState.Initialise(Seq.append g.Parameters d.Parameters, 1UL)))
                (apartText "state")
                "in a state"

            Expect.equal (told (fun () -> g.Then(fun x -> d.Apply x))) (apartText "model") "in a model"

            for build in [ (fun () -> Models.LeNet5([| 28; 28; 1 |] |> shape)) ] do
                let one, other = build (), build ()
                Expect.equal one other "alike"
                Expect.stringContains (told (fun () -> Graph(one.Output + other.Output))) "\"conv1\" is two" "apart"
                Expect.hasLength (parameters (one.Output + other.Named("other").Output)) 20 "with a name"

        testCase "stay apart by names"
        <| fun () ->
            let g, d = (generator ()).Named "generator", (critic ()).Named "critic"
            let fake = d.Apply g.Output

            Expect.equal (parameters fake) (pairs [ "generator/dense1"; "generator/dense2"; "critic/dense1"; "critic/dense2" ]) "names"

            use state = ModelState.Initialise(Seq.append g.Parameters d.Parameters, 1UL)
            Expect.hasLength state.Names 8 "tensors"

        testCase "with dropout alone are refused too"
        <| fun () ->
            let model () = Model.Input(16).Dropout 0.5
            let one, other = model (), model ()
            Expect.stringContains (told (fun () -> Graph(one.Output, other.Output))) "\"dropout1\" is two" "refused"
            Expect.hasLength (streams (one.Output + other.Named("other").Output)) 2 "apart"

        testCase "of two dtypes are refused"
        <| fun () ->
            let model = critic ()
            let wide = model.WithDType DType.F64

            Expect.equal
                [ for p in wide.Parameters -> (p.Op :?> Named).Id ]
                [ for p in model.Parameters -> (p.Op :?> Named).Id ]
                "the same names"

            Expect.equal
                (told (fun () -> Compile.Function(model.Output, wide.Apply(Expr.Input("w", shapeOf [ Dim "N"; Dim 16 ], DType.F64)))))
                "graph: a name must mean one thing; \"dense1.w\" is parameter f32[16,64] and parameter f64[16,64]. Rename one."
                "in one graph"

        testCase "beside a parameter of the layer's name are refused"
        <| fun () ->
            let w = Expr.Parameter("dense1.w", shape [ 16; 64 ])

            Expect.equal
                (told (fun () -> Graph((critic ()).Output.Sum() + w.Sum())))
                "graph: a name must mean one thing; \"dense1.w\" was chosen for one, and is that of a layer without a chosen name too. Choose another, or give the layer a name: name: \"other\"."
                "chosen"

        testCase "keep the names they have, wherever they go"
        <| fun () ->
            let model = critic ()
            let more = rows.Dense 16 + rows.Dense 16
            let y = model.Apply more
            Expect.equal (parameters y) (pairs [ "dense3"; "dense4"; "dense1"; "dense2" ]) "the first free"
            Expect.equal (parameters more) (pairs [ "dense3"; "dense4" ]) "and so ever after"
            Expect.equal (parameters (model.Apply(rows * 2.0))) (pairs [ "dense1"; "dense2" ]) "the model's"
    ]

let private sharing =
    testList "sharing is asked for" [
        testCase "by one model applied twice"
        <| fun () ->
            let encoder = Model.Input(16).Dense(8).Dropout(0.5)
            let y = encoder.Apply rows - encoder.Apply(rows * 2.0)
            Expect.equal (parameters y) (pairs [ "dense1" ]) "one layer"
            Expect.hasLength (streams y) 1 "one mask"

        testCase "by one name"
        <| fun () ->
            let y = rows.Dense(16, name = "q") - (rows * 2.0).Dense(16, name = "q")
            Expect.equal (parameters y) (pairs [ "q" ]) "one layer"
            Expect.hasLength (streams (rows.Dropout(0.5, "d") + (rows * 2.0).Dropout(0.5, "d"))) 1 "one stream"

        testCase "by a layer as a value"
        <| fun () ->
            let block =
                Layer.Of(fun (x: Expr) -> x.Dense(64).BatchNorm().Relu().Dropout(0.5).Dense 16)

            let y = block.Apply rows + block.Apply(rows * 2.0) + block.Apply(block.Apply rows)

            Expect.equal
                (parameters y)
                ([ "dense1.w"; "dense1.b"; "batchnorm1.scale"; "batchnorm1.shift" ]
                 @ pairs [ "dense2" ])
                "one block"

            Expect.equal (set (states y)) (set [ "batchnorm1.mean"; "batchnorm1.variance"; "dropout1.step" ]) "states"
            Expect.hasLength (streams y) 1 "one stream"

        testCase "by a layer within a layer"
        <| fun () ->
            let inner = Layer.Of(fun (x: Expr) -> x.Dense 16)

            let outer =
                Layer.Of(fun (x: Expr) ->
                    let made = Layer.Of(fun (y: Expr) -> y.Dense 16)
                    made.Apply(inner.Apply(x).Dense 16) + made.Apply x)

            let y =
                outer.Apply(inner.Apply rows)
                + outer.Apply rows
                + (Layer.Of(fun (x: Expr) -> x.Dense 16)).Apply rows

            Expect.hasLength (parameters y) 8 "the inner, the one between, the one made inside, and another"

        testCase "in F#, of a tuple"
        <| fun () ->
            let cell = layer (fun (h: Expr, x: Expr) -> dense 16 h + dense 16 x)
            let y = cell (cell (rows, rows * 2.0), rows)
            Expect.hasLength (parameters y) 4 "two layers"
            let scanned = layer (dense 16 >> tanh)
            Expect.hasLength (parameters (rows.Iterate(3, (fun x -> scanned (scanned x))) + scanned rows)) 2 "in a body and outside"

        testCase "and an application that differs is refused"
        <| fun () ->
            let mutable kind = 0

            let fickle =
                Layer.Of(fun (x: Expr) ->
                    match kind with
                    | 0 -> x.Dense(16).LayerNorm()
                    | 1 -> x.LayerNorm()
                    | 2 -> x.Dense 16
                    | _ -> x.Dense(16).LayerNorm().Dense 16)

            fickle.Apply rows |> ignore
            let fix = "Decide by nothing but what the layer was made with, or make two layers."
            let rule = "layer: each application must make the same layers, in the same order;"
            kind <- 1
            Expect.equal (told (fun () -> fickle.Apply rows)) $"{rule} got a layernorm in the place of dense?. {fix}" "another"
            kind <- 2
            Expect.equal (told (fun () -> fickle.Apply rows)) $"{rule} got 1 of 2, without layernorm?. {fix}" "fewer"
            kind <- 3
            Expect.equal (told (fun () -> fickle.Apply rows)) $"{rule} got one more, a dense. {fix}" "more"
            kind <- 0

            Expect.equal
                (told (fun () -> fickle.Apply(Expr.Input("wide", shape [ 2; 17 ]))))
                "layer: a layer must be of the same types wherever it is applied; \"dense?.w\" is f32[16,16], and here it would be f32[17,16]. Give it inputs of one width and dtype, or make two layers."
                "another width"

            let mutable itself = Unchecked.defaultof<Layer>
            itself <- Layer.Of(fun (x: Expr) -> itself.Apply(x.Dense 16))

            Expect.equal
                (told (fun () -> itself.Apply rows))
                "layer: a layer must not apply itself; this one does. Take the inner part out: make it a layer, and apply that."
                "itself"

        testCase "by many threads at once"
        <| fun () ->
            let block = Layer.Of(fun (x: Expr) -> x.Dense(16).Relu().Dense 16)
            let made = Array.Parallel.map (fun _ -> block.Apply rows) [| 1..64 |]
            Expect.hasLength (Array.distinct made) 1 "one node"

        testCase "and a model under a name is a copy, the same for the same name"
        <| fun () ->
            let d = critic ()
            Expect.equal (d.Named "a") (d.Named "a") "equal"
            Expect.hasLength (parameters ((d.Named "a").Output + (d.Named "a").Output * 2.0)) 4 "one copy"
            Expect.hasLength (parameters (d.Output + (d.Named "a").Output + (d.Named "b").Output)) 12 "three"
            let longer = (d.Named "a").Dense(3).Dense 2

            Expect.equal
                [ for p in longer.Parameters -> (p.Op :?> Named).Id ]
                (pairs [ "a/dense1"; "a/dense2"; "a/dense3"; "a/dense4" ])
                "what is added is called so too"

            Expect.hasLength (parameters (longer.Output.Sum() + (d.Named "a").Output.Sum())) 8 "a longer copy shares"

            Expect.equal
                [ for p in (d.Named("a").Named "b").Parameters -> (p.Op :?> Named).Id ]
                (pairs [ "b/a/dense1"; "b/a/dense2" ])
                "a copy of a copy"

            let q = Model.Input(16).Dense(4, name = "q")
            Expect.equal (q.Named "a") q "a chosen name stays"
            let mix = Mixup 0.2
            let mixed = Model.Input(16).Mixup(mix).Dense 4
            Expect.hasLength (streams (mixed.Named("a").Output.Sum() + (mix.Inputs rows).Sum())) 2 "so does a value that a loss shares"

        testCase "and a summary tells"
        <| fun () ->
            let block = Layer.Of(fun (x: Expr) -> x.Dense(16).Relu())
            let model = Model.Input(16).Dense(16).Then(block.Apply).Then(block.Apply).Dense 2
            let summary = model.Summary()

            Expect.equal
                [ for l in summary.Layers -> l.Name, l.Parameters, l.Shared ]
                [ "x", 0L, ""; "dense1", 272L, ""; "dense2", 272L, "dense2 x 2"; "relu1", 0L, "dense2 x 2"; "dense3", 34L, "" ]
                "once"

            Expect.stringContains (string summary) "dense2 x 2" "printed"
            Expect.equal summary.Parameters 578L "in all"

            let scanned =
                Model.Input(16).Then(fun x -> x.Iterate(3, (fun h -> block.Apply h * block.Apply(h * 2.0))))

            Expect.equal scanned.Summary().Layers[1].Shared "dense2 x 2" "in a body, by the name that it has"
    ]

let private equality =
    let build () =
        Model
            .Input(8, 8, 3)
            .RandomFlip()
            .Conv(8, 3)
            .BatchNorm()
            .Relu()
            .Then("mix", fun x -> x.Conv(4, 3) + x.Conv(4, 3).Sigmoid())
            .Flatten()
            .Dropout(0.25)
            .Dense
            10

    let compiled () =
        Training.Compile(build (), (fun scores labels -> scores.SoftmaxCrossEntropy labels), Optimiser.Adam(Schedule.Cosine(0.1, 10L)))

    testList "programs written alike" [
        testCase "are equal, dumps too"
        <| fun () ->
            let one, other = build (), build ()
            Expect.isFalse (obj.ReferenceEquals(one.Output, other.Output)) "two models"
            Expect.equal one other "equal"
            Expect.equal (hash one) (hash other) "of one hash"
            Expect.notEqual one (other.Relu()) "a longer one is not"
            Expect.notEqual one (other.Named "other") "nor one under a name"
            Expect.equal (string (Graph one.Output)) (string (Graph other.Output)) "dumps"
            Expect.equal (one.WithDType DType.F64) (other.WithDType DType.F64) "in f64"
            let step, again = (compiled ()).Step, (compiled ()).Step

            let plan (f: CompiledFunction) =
                System.Text.RegularExpressions.Regex.Replace(f.Explain(struct ("N", 4)), "[0-9.]+ ms", "")

            Expect.equal (plan step) (plan again) "explanations"

        testCase "start from the same numbers, and run on each other's states"
        <| fun () ->
            let one, other = compiled (), compiled ()
            use state = one.Initialise 3UL
            use again = other.Initialise 3UL
            Expect.sequenceEqual state.Names again.Names "names"

            let x =
                Tensor.From(shape [ 4; 8; 8; 3 ], Array.init 768 (fun i -> float32 (i % 17) / 16f))

            let labels = Tensor.From [| 1; 2; 3; 4 |]

            for _ in 1..3 do
                one.Step.Call(state, Binding("x", x), Binding("labels", labels)) |> ignore
                other.Step.Call(again, Binding("x", x), Binding("labels", labels)) |> ignore

            one.Step.Call(again, Binding("x", x), Binding("labels", labels)) |> ignore
            other.Step.Call(state, Binding("x", x), Binding("labels", labels)) |> ignore

            for name in state.Names do
                Expect.sequenceEqual (state[name].ToDoubles()) (again[name].ToDoubles()) name
    ]

/// One step of plain descent of each parameter's sum: gradient 1 everywhere.
let private descending (optimiser: Optimiser) (parameters: Expr list) =
    let loss = parameters |> List.map _.Sum() |> List.reduce (+)

    let struct (updates, leaves) =
        Training.Descend(loss, System.Collections.Immutable.ImmutableArray.CreateRange parameters, optimiser)

    Compile.Function(Graph(System.Collections.Immutable.ImmutableArray.Create loss, updates)), leaves

let private a, private b =
    Expr.Parameter("a", shape [ 2 ]), Expr.Parameter("b", shape [ 3 ])

let private uses =
    testList "every use of an optimiser counts for itself" [
        for name, one, other, first in
            [
                "adam", Optimiser.Adam 1e-3, Optimiser.Adam 1e-3, 1e-3
                "adam of another beta", Optimiser.Adam 1e-3, Optimiser.Adam(1e-3, 0.5), 1e-3
                "one adam twice", (let adam = Optimiser.Adam 1e-3 in adam), Optimiser.Adam 1e-3, 1e-3
                "a schedule",
                Optimiser.GradientDescent(Schedule.Linear(1e-3, 0.0, 2L)),
                Optimiser.GradientDescent(Schedule.Linear(1e-3, 0.0, 2L)),
                1e-3
                "momentum by one schedule",
                Optimiser.Momentum(Schedule.Step(1e-3, 0.5, 1L)),
                Optimiser.Momentum(Schedule.Step(1e-3, 0.5, 1L)),
                1e-3
            ] do
            testCase name
            <| fun () ->
                let stepA, leavesA = descending one [ a ]
                let stepB, leavesB = descending (if name.StartsWith "one" then one else other) [ b ]
                use state = ModelState.Initialise(Seq.append leavesA leavesB, 1UL)
                stepA.Call state |> ignore
                let before = state["b"].ToDoubles()
                stepB.Call state |> ignore

                for was, now in Seq.zip before (state["b"].ToDoubles()) do
                    Expect.floatClose { absolute = 1e-9; relative = 1e-5 } (was - now) first "the first step"

                for was in state["a"].ToDoubles() do
                    Expect.floatClose { absolute = 1e-9; relative = 1e-5 } -was first "and that of the other"

        testCase "averages"
        <| fun () ->
            let average () =
                Optimiser.GradientDescent(1.0).Average()

            let stepA, leavesA = descending (average ()) [ a ]
            let stepB, leavesB = descending (average ()) [ b ]
            use state = ModelState.Initialise(Seq.append leavesA leavesB, 1UL)
            stepA.Call state |> ignore
            stepA.Call state |> ignore
            stepB.Call state |> ignore
            Expect.sequenceEqual (state["b/average"].ToDoubles()) [ -1.0; -1.0; -1.0 ] "of one step"
            Expect.sequenceEqual (state["a/average"].ToDoubles()) [ -1.5; -1.5 ] "of two"

        testCase "two for one parameter are refused in one state, and stay apart by a name"
        <| fun () ->
            let two (optimiser: Optimiser) =
                let _, first = descending optimiser [ a ]
                let _, second = descending (optimiser.Named "second") [ a ]
                let _, again = descending optimiser [ a ]
                use all = ModelState.Initialise(Seq.concat [ first; second; again ], 1UL)
                List.ofSeq all.Names

            Expect.equal (two (Optimiser.Momentum 0.1)) [ "a"; "a/velocity"; "a/second/velocity" ] "momentum"

            Expect.equal
                (two (Optimiser.Momentum(Schedule.Cosine(0.1, 5L)).WeightDecay(0.1).Average(0.9)))
                [ "a"; "a/average"; "a/velocity"; "a/step"; "a/second/average"; "a/second/velocity"; "a/second/step" ]
                "wrapped"

            for one, other, state in
                [
                    Optimiser.Adam 1e-3, Optimiser.Adam 1e-3, "a/moment1"
                    Optimiser.Momentum 0.1, Optimiser.Nesterov 0.1, "a/velocity"
                    Optimiser.GradientDescent(Schedule.Cosine(1.0, 5L)), Optimiser.GradientDescent(Schedule.Cosine(1.0, 5L)), "a/step"
                ] do
                let _, first = descending one [ a ]
                let _, second = descending other [ a ]

                Expect.equal
                    (told (fun () -> ModelState.Initialise(Seq.append first second, 1UL)))
                    $"state: a state must belong to one optimiser or schedule; \"{state}\" belongs to two, and each counts for itself. Name one: optimiser.Named(\"second\"). Or use one value for both."
                    state

        testCase "and so does a plateau"
        <| fun () ->
            let plateau name =
                Schedule.ReduceOnPlateau(0.1, name = name)

            let leaves (schedule: PlateauSchedule) parameter =
                descending (Optimiser.GradientDescent(LearningRate schedule)) [ parameter ]
                |> snd

            Expect.equal
                (told (fun () -> ModelState.Initialise(Seq.append (leaves (plateau "plateau") a) (leaves (plateau "plateau") b), 1UL)))
                "state: a state must belong to one optimiser or schedule; \"plateau/scale\" belongs to two, and each counts for itself. Name one: Schedule.ReduceOnPlateau(..., name: \"second\"). Or use one value for both."
                "refused"

            use both =
                ModelState.Initialise(Seq.append (leaves (plateau "plateau") a) (leaves (plateau "critic") b), 1UL)

            Expect.isTrue (both.Contains "plateau/scale" && both.Contains "critic/scale") "apart"
            let one = plateau "plateau"
            use shared = ModelState.Initialise(Seq.append (leaves one a) (leaves one b), 1UL)
            Expect.equal (shared.Names |> Seq.filter _.StartsWith("plateau") |> Seq.length) 3 "one value is one"

        testCase "of a layer that no graph has named yet"
        <| fun () ->
            let y = rows.Dense(4).Relu().Dense 1

            let leaves = [
                for e in Expr.Nodes y do
                    if e.Op :? Parameter then
                        e
            ]

            let momentum = Optimiser.Momentum 0.1
            let states = leaves |> List.collect (fun p -> momentum.Init p |> List.ofSeq)
            use state = ModelState.Initialise(leaves @ states, 1UL)

            Expect.sequenceEqual
                state.Names
                (pairs [ "dense1"; "dense2" ]
                 @ [ for p in pairs [ "dense1"; "dense2" ] -> p + "/velocity" ])
                "names"
    ]

let private memory =
    testList "each tensor of a state has memory of its own" [
        for name, other in
            [
                "itself", id
                "another shape of it", (fun (t: Tensor) -> t.Reshape(shape [ 2; 8 ]))
                "a part of it", (fun (t: Tensor) -> t.First 2)
            ] do
            testCase name
            <| fun () ->
                let tensor = Tensor.Zeros(shape [ 4; 4 ])

                Expect.throwsC
                    (fun () ->
                        new ModelState(
                            [ KeyValuePair("w", tensor); KeyValuePair("c", Tensor.Zeros(shape [ 3 ])); KeyValuePair("v", other tensor) ]
                        )
                        |> ignore)
                    (fun ex ->
                        Expect.isTrue (ex :? System.ArgumentException) $"{ex.GetType()}"

                        Expect.stringStarts
                            ex.Message
                            "state: each tensor must have memory of its own; \"v\" and \"w\" share theirs, so that a step would move it twice. Copy one: tensor.Clone()."
                            "the text")

        testCase "where none is shared, nothing is refused"
        <| fun () ->
            let empty = Tensor.Zeros(shape [ 0 ])

            use state =
                new ModelState([ KeyValuePair("a", empty); KeyValuePair("b", empty); KeyValuePair("c", Tensor.Zeros(shape [ 3 ])) ])

            Expect.hasLength state.Names 3 "of no elements, too"
    ]

let private places =
    testList "a composition's operands are nobody else's" [
        testCase "a gate within a gate has the gradient of its formula"
        <| fun () ->
            let gate name (f: Expr -> Expr) =
                Gate.Custom(TensorRule(name, Forward = fun x -> f x[0]))

            let inner = gate "inner" (fun x -> x * x)
            let outer = gate "outer" (fun x -> inner.Of(x * 2.0) * x.Tanh())
            let last = gate "last" (fun x -> outer.Of(x.Sigmoid()) + inner.Of(outer.Of x) * x)
            let formula (x: Expr) = x * 2.0 * (x * 2.0) * x.Tanh()

            let whole (x: Expr) =
                formula (x.Sigmoid()) + formula x * formula x * x

            let x = Expr.Input("x", shape [ 3 ], DType.F64)
            let at = [ "x", [| 0.5; 1.0; -1.5 |] ]

            for gated, plain in [ outer.Of x, formula x; last.Of x, whole x ] do
                let slope (y: Expr) = Gradient.Of(y.Sum(), x)[0]
                let moved (y: Expr) = Jvp.Of(y, [| x |], [| x.Tanh() |])

                for derive in [ slope; slope >> slope; moved; slope >> moved; moved >> slope ] do
                    Expect.isTrue (Run.near 1e-12 (Run.interpreted [ derive gated ] at) (Run.interpreted [ derive plain ] at)) "the same"
    ]

/// A program over rows of four, as somebody might write it.
type private Piece =
    | Dense
    | LayerNorm
    | BatchNorm
    | Drop
    | Flip
    | Chain of Piece list
    | Branches of Piece list
    | Loop of Piece
    | Scanned of Piece
    | Checkpointed of Piece
    | Experts of int * Piece
    /// One layer, applied so often.
    | Shared of int * Piece
    /// One model, applied so often.
    | Modelled of int * Piece

/// What a program writes: parameters, states, streams of random numbers.
type private Written = { Parameters: int; States: int; Streams: int }

let private plus a b = {
    Parameters = a.Parameters + b.Parameters
    States = a.States + b.States
    Streams = a.Streams + b.Streams
}

let private none = { Parameters = 0; States = 0; Streams = 0 }

let rec private written piece =
    match piece with
    | Dense
    | LayerNorm -> { none with Parameters = 2 }
    | BatchNorm -> { none with Parameters = 2; States = 2 }
    | Drop -> { none with States = 1; Streams = 1 }
    | Flip -> { none with States = 1; Streams = 1 }
    | Chain pieces
    | Branches pieces -> pieces |> List.map written |> List.fold plus none
    | Loop body
    | Scanned body
    | Checkpointed body
    | Shared(_, body)
    | Modelled(_, body) -> written body
    | Experts(count, body) -> List.replicate count (written body) |> List.fold plus none

let rec private write piece (x: Expr) : Expr =
    let times count (f: Expr -> Expr) =
        [ for i in 1..count -> f (x * float i) ] |> List.reduce (+)

    match piece with
    | Dense -> x.Dense 4
    | LayerNorm -> x.LayerNorm()
    | BatchNorm -> x.BatchNorm()
    | Drop -> x.Dropout 0.25
    | Flip -> x.Reshape(Shape.Of [| 3; 2; 2; 1 |]).RandomFlip().Reshape(x.Shape)
    | Chain pieces -> pieces |> List.fold (fun y piece -> write piece y) x
    | Branches pieces -> pieces |> List.map (fun piece -> write piece x) |> List.fold (+) x
    | Loop body -> x.Iterate(3, (fun (h: Expr) -> write body h))
    | Scanned body ->
        let xs = Expr.Concat(0, x, x * 2.0).Reshape(Shape.Of [| 2; 3; 4 |])
        let struct (last, _) = Expr.Scan(x, xs, (fun h y -> write body (h + y)))
        last
    | Checkpointed body -> x.Checkpoint(fun y -> write body y)
    | Experts(count, body) -> times count (fun y -> write body y)
    | Shared(count, body) -> times count (layer (write body))
    | Modelled(count, body) ->
        let input = Expr.Input("inner", x.Shape)
        let model = Model(input, write body input)
        times count model.Apply

let private programs =
    // what remembers something of its operand may not stand in a loop
    let rec pieces size inLoop =
        gen {
            let leaves =
                [ Dense; Dense; LayerNorm; Drop; Flip ] @ (if inLoop then [] else [ BatchNorm ])

            if size <= 1 then
                return! Gen.elements leaves
            else
                let smaller = pieces (size / 2) inLoop
                let some = Gen.choose (1, 3) |> Gen.bind (fun n -> Gen.listOfLength n smaller)
                let several = Gen.choose (1, 3)

                return!
                    Gen.oneof [
                        Gen.map Chain some
                        Gen.map Branches some
                        Gen.map Loop (pieces (size / 2) true)
                        Gen.map Scanned (pieces (size / 2) true)
                        Gen.map Checkpointed smaller
                        Gen.map2 (fun n p -> Experts(n, p)) several smaller
                        Gen.map2 (fun n p -> Shared(n, p)) several smaller
                    ]
        }

    let rec shrink piece =
        seq {
            match piece with
            | Dense
            | LayerNorm
            | BatchNorm
            | Drop
            | Flip -> ()
            | Chain ps ->
                yield! ps

                for i in 0 .. ps.Length - 1 do
                    if ps.Length > 1 then
                        yield Chain(List.removeAt i ps)
            | Branches ps ->
                yield! ps

                for i in 0 .. ps.Length - 1 do
                    if ps.Length > 1 then
                        yield Branches(List.removeAt i ps)
            | Loop p
            | Scanned p
            | Checkpointed p -> yield p
            | Experts(_, p)
            | Shared(_, p)
            | Modelled(_, p) -> yield p
        }

    Arb.fromGenShrink (Gen.sized (fun size -> pieces (4 + size / 4) false), shrink)

let private random =
    testList "random programs" [
        testPropertyWithConfig
            { FsCheckConfig.defaultConfig with maxTest = 300 }
            "have what they wrote, by names that differ, and again when they are written again"
        <| Prop.forAll programs (fun piece ->
            let x = Expr.Input("x", Shape.Of [| 3; 4 |])
            let y, again = write piece x, write piece x
            let nodes = Evaluate.close [ y ]

            let leaves = [
                for e in nodes do
                    if e.Op :? Parameter || e.Op :? State then
                        (e.Op :?> Named).Id
            ]

            let found = { Parameters = (parameters y).Length; States = (states y).Length; Streams = (streams y).Length }

            Expect.equal found (written piece) "written"
            Expect.equal (List.distinct leaves).Length leaves.Length "names"
            Expect.isTrue (Evaluate.alike y again) "the same graph"
            Expect.equal (string (Graph y)) (string (Graph again)) "the same dump"
            Expect.equal (Model(x, y)) (Model(x, again)) "the same model"
            let copied = Model(x, y).Named "copy"
            let both = y + copied.Output
            Expect.equal (parameters both).Length (2 * found.Parameters) "a copy has its own"
            Expect.equal (streams both).Length (2 * found.Streams) "streams too")

        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 50 } "share what a model has"
        <| Prop.forAll programs (fun piece ->
            let x = Expr.Input("x", Shape.Of [| 3; 4 |])
            let y = write (Chain [ Modelled(3, piece) ]) x
            let expected = written piece
            Expect.equal (parameters y).Length expected.Parameters "parameters"
            Expect.equal (streams y).Length expected.Streams "streams")
    ]

[<Tests>]
let all =
    testList "identity" [ apart; meeting; sharing; equality; uses; memory; places; random ]
