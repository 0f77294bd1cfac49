/// A training computes and tells the metrics that its author names, and no others.
module Cv.Tests.MetricTests

open System
open System.Text.Json
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.BatchesTests
open Cv.Tests.FakeTraining
open Cv.Tests.Generators
open Expecto

let private squares (scores: Expr) (labels: Expr) =
    scores.MeanSquaredError(labels.Cast(DType.F32).Reshape(scores.Shape))

let private softmax (scores: Expr) (labels: Expr) = scores.SoftmaxCrossEntropy labels

let private batch =
    Tensor.From(shape [ 4; 2 ], [| 0f; 0f; 0f; 1f; 1f; 0f; 1f; 1f |]), Tensor.From [| 0; 1; 1; 0 |]

let private outputs (f: CompiledFunction) (state: ModelState) =
    f.Call(state, Binding("x", fst batch), Binding("labels", snd batch))
    |> Seq.map _.Item()
    |> List.ofSeq

let private named =
    testList "named" [
        testCase "a regression and a net of one score have a loss and no accuracy"
        <| fun () ->
            for loss in [ squares ] do
                let program =
                    Training.Compile(Model.Input(2).Dense(1), Func<_, _, _>(loss), Optimiser.Adam 0.1)

                use state = program.Initialise 1UL

                for f in [ program.Step; program.Evaluate ] do
                    Expect.equal (outputs f state).Length 1 "the loss alone"
                    Expect.isEmpty f.Metrics "no metric"

                Expect.throwsT<ShapeException>
                    (fun () ->
                        Training.Compile(Model.Input(2).Dense(1), Func<_, _, _>(loss), Optimiser.Adam 0.1, metrics = [ Metric.Accuracy ])
                        |> ignore)
                    "accuracy has no meaning there"

        testCase "those that are asked for, in their order, in step, evaluator and averages"
        <| fun () ->
            let share =
                Metric("share of 1", (fun _ labels -> labels.EqualTo(labels.Like 1.0).Cast(DType.F32).Mean()), true)

            let program =
                Training
                    .Compile(
                        Model.Input(2).Dense(2),
                        Func<_, _, _>(softmax),
                        Optimiser.GradientDescent(0.1).Average(0.5),
                        metrics = [ share; Metric.Accuracy ]
                    )
                    .WithAverages()

            use state = program.Initialise 1UL

            for f in [ program.Step; program.Evaluate ] do
                Expect.equal [ for m in f.Metrics -> m.Name ] [ "share of 1"; "accuracy" ] "names"
                Expect.equal (outputs f state |> List.item 1) 0.5 "the share"
                Expect.equal (outputs f state).Length 3 "and no more"

        testCase "a binary classifier is judged by the side of 0"
        <| fun () ->
            let program =
                Training.Compile(
                    Model.Input(2).Dense(1, Initialiser.Zeros),
                    Func<_, _, _>(squares),
                    Optimiser.Adam 0.1,
                    metrics = [ Metric.BinaryAccuracy ]
                )

            use state = program.Initialise 1UL
            Expect.equal (outputs program.Evaluate state |> List.item 1) 0.5 "0 is not above 0"

        testCase "a metric that is no scalar, a name that is none or taken, names that do not fit"
        <| fun () ->
            let compile metrics () =
                Training.Compile(Model.Input(2).Dense(2), Func<_, _, _>(softmax), Optimiser.Adam 0.1, metrics = metrics)
                |> ignore

            for act, text in
                [
                    compile [ Metric("rows", (fun s _ -> s.Max -1)) ],
                    "training: a metric must be a scalar; \"rows\" gives f32[N]. Average it: .Mean()?"
                    compile [ Metric.Accuracy; Metric.Accuracy ],
                    "training: each metric must have a name of its own; got \"accuracy\" twice. Rename one."
                    (fun () -> Metric("Loss", (fun s _ -> s)) |> ignore),
                    "metric: a name must not be empty, nor \"loss\"; got \"Loss\". Name what it measures: \"accuracy\"?"
                    (fun () -> Metric(" ", (fun s _ -> s)) |> ignore),
                    "metric: a name must not be empty, nor \"loss\"; got \" \". Name what it measures: \"accuracy\"?"
                    (fun () ->
                        Compile.Function(Cv.Compiler.Graph(Expr.Input("x", shape [ 2 ])), null, [ Metric.Accuracy ])
                        |> ignore),
                    "compile: there must be a metric's name for each output after the first; got 1 for 1 outputs. Name each, or none."
                ] do
                Expect.equal (Mistakes.told act) text text
    ]

/// A step of these figures that says what they are.
let private figures (metrics: Metric list) (values: float list) = {
    new IFunction with
        member _.Inputs = [||]
        member _.Metrics = metrics
        member _.Call(_, _) = [| for value in values -> Tensor.Scalar(float32 value) |]
        member _.FirstNonFinite(_, _) = null
}

let private one name isFraction =
    Metric(name, (fun s _ -> s.Mean()), isFraction)

let private told =
    testList "told" [
        testCase "events, evaluation and console show what was asked for, and nothing else"
        <| fun () ->
            for metrics, values, line in
                [
                    [], [], "epoch 1/1  loss 0.5000  validation 0.2500  "
                    [ one "accuracy" true ], [ 0.75 ], "epoch 1/1  loss 0.5000  accuracy 75.00 %  validation 0.2500, 75.00 %  "
                    [ one "error" false; one "top 5" true ],
                    [ 1.5; 1.0 ],
                    "epoch 1/1  loss 0.5000  error 1.5000  top 5 100.00 %  validation 0.2500, 1.5000, 100.00 %  "
                ] do
                use output = new IO.StringWriter()
                let recorder = Recorder()
                let console = ConsoleProgress(output, false)
                recorder.OnEvent <- fun event -> console.Report event
                use batches = train ()
                use validation = new Batches(numbered 4, 2)

                let result =
                    Trainer(figures metrics (0.5 :: values), figures metrics (0.25 :: values), TrainingOptions(Epochs = 1))
                        .Train(initial (), batches, validation, recorder)

                let expected =
                    MetricValues [ for m, v in List.zip metrics values -> MetricValue(m.Name, v, m.IsFraction) ]

                Expect.stringStarts (output.ToString()) line "the line"
                Expect.equal result.Epochs[0].Metrics expected "of the epoch"
                Expect.equal (nonNull result.Epochs[0].Validation).Metrics expected "of validation"

                for event in recorder.Events do
                    match event with
                    | :? StepTaken as step ->
                        Expect.equal step.Metrics expected "of a step"
                        Expect.equal step.EpochMetrics expected "so far"
                    | _ -> ()

        testCase "an evaluator may have metrics of its own"
        <| fun () ->
            use output = new IO.StringWriter()
            use batches = train ()
            use validation = new Batches(numbered 4, 2)

            Trainer(figures [] [ 0.5 ], figures [ one "top 5" true ] [ 0.25; 1.0 ], TrainingOptions(Epochs = 1))
                .Train(initial (), batches, validation, ConsoleProgress(output, false))
            |> ignore

            Expect.stringStarts (output.ToString()) "epoch 1/1  loss 0.5000  validation 0.2500, top 5 100.00 %  " "the line"

        testCase "a metric that was not asked for is named"
        <| fun () ->
            let values = MetricValues [ MetricValue("error", 1.5) ]
            Expect.equal values["error"] 1.5 "by name"

            Expect.equal
                (Mistakes.told (fun () -> values[Metric.Accuracy]))
                "metric: \"accuracy\" must be one that was asked for; there are \"error\". Ask for it: Training.Compile(..., metrics: [Metric.Accuracy])? (Parameter 'name')"
                "the text"

        testProperty "metrics are equal by content, and come back from JSON as they were"
        <| fun (names: int[]) (numbers: float[]) ->
            let make () =
                MetricValues [ for name, value in Seq.zip names numbers -> MetricValue(string name, value, value > 0.5) ]

            Expect.equal (make ()) (make ()) "equal"
            Expect.equal ((make ()).GetHashCode()) ((make ()).GetHashCode()) "and so are their hashes"
            Expect.equal (JsonSerializer.Deserialize<MetricValues>(JsonSerializer.Serialize(make ()))) (make ()) "from JSON"
    ]

[<Tests>]
let tests = testList "Metrics" [ named; told ]
