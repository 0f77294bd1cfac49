/// Each check of a diagnosis passes a healthy model, and catches the fault that it is there for.
module Cv.Tests.DiagnoseTests

open System
open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Practice
open Cv.Runtime
open Cv.Testing
open Cv.Tests.Generators
open Expecto

/// Images of 4 x 4 whose class is where the light is, in noise; one label in eight is wrong, so that no net is ever done.
let private data =
    let noise = RandomStream(1UL, "diagnosis")
    let count, size = 96, 16
    let labels = Array.init count (fun i -> byte (i % 4))

    let images =
        Array.init (count * size) (fun at ->
            let image, pixel = at / size, at % size
            let light = if pixel / 4 = int labels[image] then 150.0 else 20.0
            byte (light + 80.0 * noise.Uniform(int64 at)))

    let said =
        labels
        |> Array.mapi (fun i label -> if i % 8 = 5 then byte ((i / 8) % 4) else label)

    Dataset("lights", shape [ 4; 4; 1 ], images, said, [ "a"; "b"; "c"; "d" ].ToImmutableArray())

let private batches (data: Dataset) =
    new Batches(data, 32, Scaling.ChannelMean data, Nullable 1UL, Nullable(shape [ 16 ]))

let private softmax =
    Func<Expr, Expr, Expr>(fun scores labels -> scores.SoftmaxCrossEntropy labels)

let private svm =
    Func<Expr, Expr, Expr>(fun scores labels -> scores.MulticlassSvm labels)

let private small = Initialiser.SmallRandom()
let private relu (model: Model) = model.Relu()
let private tanh (model: Model) = model.Then(fun (x: Expr) -> x.Tanh())
let private shifted (by: float) (model: Model) = model.Then(fun (x: Expr) -> x + by)

/// Hidden layers of 24 units, and scores that begin near 0.
let private deep layers weights (gate: Model -> Model) =
    (Model.Input 16, [ 1..layers ])
    ||> List.fold (fun model _ -> gate (model.Dense(24, weights)))
    |> fun model -> model.Dense(4, Initialiser.SmallRandom 0.1)

let private net = deep 1 Initialiser.He relu

let private options =
    DiagnosisOptions(
        Optimiser = (fun rate -> Optimiser.Momentum rate),
        Rate = 0.1,
        OverfitSteps = 2000,
        Compile = CompileOptions(Threads = 1),
        Steps = 50
    )

let private l2 strength =
    Func<Expr, Expr>(fun w -> strength * w.L2())

/// A gate with a derivative of one's own.
let private gated (derivative: float) (model: Model) =
    let leaky =
        Gate.Define("planted", (fun (x: float) -> Math.Max(x, 0.1 * x)), (fun (x: float) (_: float) -> if x > 0.0 then derivative else 0.1))

    model.Then leaky

let private judged name verdict advice (run: Batches -> Finding) =
    testCase name
    <| fun () ->
        use batches = batches data
        let finding = run batches
        Expect.equal finding.Verdict verdict $"{finding}"
        Expect.stringContains $"{finding}" advice "what it says"

let private first =
    let judged name model loss (options: DiagnosisOptions) verdict advice =
        judged name verdict advice (fun batches -> Diagnose.FirstLoss(model, loss, batches, options))

    let summed =
        Func<Expr, Expr, Expr>(fun scores labels -> 32.0 * scores.SoftmaxCrossEntropy labels)

    let given theory =
        let options = DiagnosisOptions(FirstLoss = Nullable theory)
        options

    testList "first loss" [
        judged "softmax: ln 4" net softmax options Verdict.Pass "; ln 4 gives 1.386."
        judged "SVM: C - 1" net svm options Verdict.Pass "C - 1 for 4 classes gives 3."
        judged
            "fault: first weights too large"
            (Model.Input(16).Dense(4, Initialiser.SmallRandom 30.0))
            softmax
            options
            Verdict.Fail
            "too large"
        judged
            "doubt: scores apart"
            (Model.Input(16).Dense(4, Initialiser.SmallRandom 1.0))
            softmax
            options
            Verdict.Inconclusive
            "SmallRandom"
        judged "fault: a sum where a mean is meant" net summed (given (log 4.0)) Verdict.Fail "a mean over the batch"
        judged "doubt: a loss of which no theory is known" net summed options Verdict.Inconclusive "DiagnosisOptions.FirstLoss"
        judged
            "fault: not finite"
            net
            (Func<Expr, Expr, Expr>(fun scores labels -> scores.SoftmaxCrossEntropy labels / (0.0 * scores.Sum())))
            options
            Verdict.Fail
            "Look for a division by zero"
    ]

let private regularisation =
    let judged name (model: Model) penalty verdict advice =
        judged name verdict advice (fun batches ->
            Diagnose.Regularisation(model, softmax, batches, DiagnosisOptions(Penalty = penalty, Compile = options.Compile)))

    testList "regularisation" [
        judged "rises" net (l2 1e-3) Verdict.Pass "with the penalty"
        judged "rises with a penalty of the check's own" net null Verdict.Pass "with 1e-3 w^2"
        judged "fault: the wrong sign" net (l2 -1e-3) Verdict.Fail "right sign"
        judged "fault: nothing to penalise" (Model.Input(16).Dense(4, Initialiser.Zeros)) (l2 1e-3) Verdict.Fail "not zero"
        judged
            "fault: weights of another name"
            (Model.Input(16).Then(fun (x: Expr) -> x.MatMul(Expr.Parameter("theta", shape [ 16; 4 ]))))
            (l2 1e-3)
            Verdict.Fail
            "name weights so"
        judged "doubt: it outweighs the data" net (l2 10.0) Verdict.Inconclusive "outweighs"
    ]

let private gradient =
    let judged name (model: Model) verdict advice =
        judged name verdict advice (fun batches -> Diagnose.GradientCheck(model, softmax, batches, options))

    testList "gradient" [
        judged "of a net" net Verdict.Pass "central differences"
        judged
            "of batch norm and dropout, as in training"
            (Model.Input(16).Dense(8).BatchNorm().Relu().Dropout(0.5).Dense(4))
            Verdict.Pass
            "central differences"
        judged "of a right gate" (deep 1 Initialiser.He (gated 1.0)) Verdict.Pass "central differences"
        judged "fault: a derivative off by a hundredth" (deep 1 Initialiser.He (gated 1.01)) Verdict.Fail "The derivative of planted"
    ]

let private overfit =
    let judged name (model: Model) (options: DiagnosisOptions) verdict advice =
        judged name verdict advice (fun batches -> Diagnose.Overfit(model, softmax, batches, options))

    testList "overfit" [
        judged "20 examples by heart" net options Verdict.Pass "20 examples by heart"
        judged "to the last one right" net (DiagnosisOptions(Rate = 0.1, Metric = Metric.Accuracy)) Verdict.Pass "by heart"
        judged
            "fault: a metric that is never perfect"
            net
            (DiagnosisOptions(Rate = 0.1, OverfitSteps = 50, Metric = Metric("half", (fun s _ -> s.Mean() * 0.0 + 0.5), true)))
            Verdict.Fail
            "half 0.5, loss"
        judged "with a penalty that training has" net (DiagnosisOptions(Rate = 0.1, Penalty = l2 1.0)) Verdict.Pass "by heart"
        judged "with dropout" (Model.Input(16).Dense(64).Relu().Dropout(0.5).Dense(4)) options Verdict.Pass "by heart"
        judged
            "fault: the rate is 0"
            net
            (DiagnosisOptions(Rate = 0.0, OverfitSteps = 50))
            Verdict.Fail
            "gradient, learning rate and labels"
        judged
            "fault: the gradient climbs"
            (Model.Input(16).Dense(4).Then(Gate.Define("climbs", (fun (x: float) -> x), (fun (_: float) (_: float) -> -1.0))))
            (DiagnosisOptions(OverfitSteps = 50))
            Verdict.Fail
            "steps on 20 examples loss"
        judged
            "fault: the rate is far too high"
            net
            (DiagnosisOptions(Rate = 1e30, OverfitSteps = 50))
            Verdict.Fail
            "Lower the learning rate"
        testCase "fault: one image under two labels"
        <| fun () ->
            let images = Array.replicate (40 * 16) 100uy
            let labels = Array.init 40 (fun i -> byte (i % 2))

            use batches =
                new Batches(Dataset("twins", shape [ 16 ], images, labels, data.ClassNames), 40)

            let finding =
                Diagnose.Overfit(net, softmax, batches, DiagnosisOptions(OverfitSteps = 50))

            Expect.equal finding.Verdict Verdict.Fail $"{finding}"
    ]

let private layers =
    let probe (model: Model) =
        use batches = batches data
        let program = Training.Compile(model, softmax, Optimiser.Momentum 0.1)
        use state = program.Initialise 1UL
        Diagnose.Layers(model, softmax, state, batches.Get(0, 0), 8, options.Compile)

    let judged name model check verdict advice =
        testCase name
        <| fun () ->
            let finding =
                Diagnose.Judge(probe model, "at first") |> Seq.find (fun f -> f.Check = check)

            Expect.equal finding.Verdict verdict $"{finding}"
            Expect.stringContains $"{finding}" advice "what it says"

    let xavier = Initialiser.Xavier

    testList "layers" [
        judged "dead: none" net "dead units at first" Verdict.Pass "none among 24"
        judged
            "fault: biases that no input overcomes"
            (deep 1 Initialiser.He (shifted -50.0 >> relu))
            "dead units at first"
            Verdict.Fail
            "24 of 24 in dense1"
        judged "signal: Xavier and tanh keep it" (deep 6 xavier tanh) "activations at first" Verdict.Pass ""
        judged "gradient: Xavier and tanh keep it" (deep 6 xavier tanh) "gradients at first" Verdict.Pass ""
        judged
            "fault: small weights, signals vanish"
            (deep 6 small tanh)
            "activations at first"
            Verdict.Fail
            "vanishes on its way to dense6"
        judged
            "fault: small weights, gradients vanish"
            (deep 6 small tanh)
            "gradients at first"
            Verdict.Fail
            "vanishes on its way back to dense1"
        judged
            "fault: large weights, tanh saturates"
            (deep 3 (Initialiser.SmallRandom 3.0) tanh)
            "activations at first"
            Verdict.Fail
            "flat ends"
        judged
            "fault: large weights, ReLU explodes"
            (deep 6 (Initialiser.SmallRandom 3.0) relu)
            "activations at first"
            Verdict.Fail
            "explodes"
        testCase "no hidden layers"
        <| fun () -> Expect.equal (Seq.exactlyOne (Diagnose.Judge(probe (Model.Input(16).Dense 4), "now"))).Verdict Verdict.Pass "pass"

        testCase "the figures are those of the activations"
        <| fun () ->
            let model = Model.Input(16).Dense(5).Tanh().Dense(4)
            use batches = batches data
            let program = Training.Compile(model, softmax, Optimiser.Momentum 0.1)
            use state = program.Initialise 1UL
            let batch = batches.Get(0, 0)
            let layer = Diagnose.Layers(model, softmax, state, batch, 8).[1]

            let values =
                Compile.Function(Model.Input(16).Dense(5).Tanh().Output).Call(state, Binding("x", batch.X))

            let h = values[0].ToDoubles()

            Expect.equal (layer.Name, layer.Units, layer.Dead) ("dense1", 5, 0) "the layer"
            Expect.floatClose { absolute = 1e-6; relative = 1e-5 } layer.Mean (Array.average h) "mean"
            let mean = Array.average h

            Expect.floatClose
                { absolute = 1e-6; relative = 1e-5 }
                layer.Deviation
                (h |> Array.averageBy (fun v -> (v - mean) ** 2.0) |> sqrt)
                "deviation"

            let low, high = Array.min h, Array.max h
            Expect.equal (layer.Activations.Low, layer.Activations.High) (low, high) "ends"
            let counts = Array.zeroCreate<int64> 8

            for v in h do
                let bar = min 7 (int ((v - low) / (high - low) * 8.0))
                counts[bar] <- counts[bar] + 1L

            Expect.equal (List.ofSeq layer.Activations.Counts) (List.ofArray counts) "bars"
            Expect.equal layer.Gradients.Count (int64 h.Length) "each gradient is in a bar"

        testCase "names of a conv net: what the next layer reads, flattened or not"
        <| fun () ->
            let model =
                Model.Input(4, 4, 1).Conv(3, 3, padding = Padding.Of 1).Relu().MaxPool(2).Flatten().Dense(6).Relu().Dense(4)

            let program = Training.Compile(model, softmax, Optimiser.Momentum 0.1)
            use state = program.Initialise 1UL
            use batches = new Batches(data, 32)
            let layers = Diagnose.Layers(model, softmax, state, batches.Get(0, 0))
            Expect.equal [ for l in layers -> l.Name, l.Units ] [ "x", 1; "conv1", 3; "dense1", 6; "dense2", 4 ] "layers"
    ]

let private updates =
    let judged name rate verdict advice =
        judged name verdict advice (fun batches ->
            Diagnose.Updates(
                deep 1 Initialiser.He relu,
                softmax,
                batches,
                DiagnosisOptions(Rate = rate, Optimiser = (fun rate -> Optimiser.GradientDescent rate), Steps = 10)
            ))

    testList "updates" [
        judged "about 1e-3 of the weights" 0.02 Verdict.Pass "dense1.w"
        judged "fault: too slow" 1e-7 Verdict.Fail "raise the learning rate"
        judged "fault: too fast" 20.0 Verdict.Fail "lower the learning rate"
    ]

let private rates =
    let finding rate =
        use batches = batches data

        let plain =
            DiagnosisOptions(Rate = rate, Optimiser = (fun rate -> Optimiser.GradientDescent rate), OverfitSteps = 1, Steps = 1)

        Diagnose.Run(net, softmax, batches, plain)["learning rate"]

    testList "learning rate" [
        testCase "the range test: falls, and bursts"
        <| fun () ->
            use batches = batches data

            let range =
                Diagnose.Rates(
                    net,
                    softmax,
                    batches,
                    DiagnosisOptions(Range = struct (1e-5, 1e3), Optimiser = (fun rate -> Optimiser.GradientDescent rate))
                )

            Expect.isTrue (range.Steepest.HasValue && range.Diverged.HasValue) $"{range}"
            Expect.isTrue (range.Steepest.Value < range.Lowest && range.Lowest < range.Diverged.Value) $"{range}"

        testCase "the right one passes"
        <| fun () -> Expect.equal (finding 0.5).Verdict Verdict.Pass $"{finding 0.5}"
        for name, rate in [ "fault: too high", 50.0; "fault: too low", 1e-7 ] do
            testCase name
            <| fun () -> Expect.equal (finding rate).Verdict Verdict.Fail $"{finding rate}"

        testCase "fault: no rate lowers the loss"
        <| fun () ->
            use batches = batches data

            let stuck =
                Model.Input(16).Dense(8, Initialiser.Zeros)
                |> shifted -1.0
                |> relu
                |> fun model -> model.Dense(4, Initialiser.Zeros)

            let report =
                Diagnose.Run(stuck, softmax, batches, DiagnosisOptions(OverfitSteps = 1, Steps = 1, Range = struct (1e-6, 1e-2)))

            Expect.stringContains $"""{report["learning rate"]}""" "No rate lowers the loss" "learning rate"
            Expect.equal report["gradients at first"].Verdict Verdict.Fail "no gradient reaches the hidden layer"

        testCase "an optimiser that takes no rate"
        <| fun () ->
            use batches = batches data
            let deaf = DiagnosisOptions(Optimiser = (fun _ -> Optimiser.Adam 0.01))

            Expect.throwsC (fun () -> Diagnose.Rates(net, softmax, batches, deaf) |> ignore) (fun ex ->
                Expect.stringStarts ex.Message "diagnosis: the optimiser must take the rate it is given; got one that does not." "the text")
    ]

let private report =
    testList "report" [
        testCase "a healthy model passes every check, twice the same, and nothing it was given has changed"
        <| fun () ->
            use batches = batches data
            let before = batches.Get(1, 0).X.ToArray<float32>()

            let run () =
                Diagnose.Run(net, softmax, batches, options)

            let report = run ()
            Expect.equal report.Verdict Verdict.Pass $"{report}"
            Expect.equal (string (run ())) (string report) "the same text"
            Expect.equal (batches.Get(1, 0).X.ToArray<float32>()) before "the batches"

        testCase "it prints each check, its advice, and the layers with their bars"
        <| fun () ->
            use batches = batches data

            let text =
                string (Diagnose.Run(net, softmax, batches, DiagnosisOptions(Rate = 1e30)))

            for part in [ "first loss"; "FAIL"; "Lower the learning rate"; "dense1"; "█"; "at first"; "after some steps" ] do
                Expect.stringContains text part "the text"

        testCase "an option out of range"
        <| fun () ->
            use batches = batches data

            Expect.throwsC (fun () -> Diagnose.Run(net, softmax, batches, DiagnosisOptions(Examples = 0)) |> ignore) (fun ex ->
                Expect.stringStarts ex.Message "diagnosis: Examples must be at least 1; got 0. Leave it out for the usual." "the text")
    ]

[<Tests>]
let tests =
    testList "diagnose" [ first; regularisation; gradient; overfit; layers; updates; rates; report ]
