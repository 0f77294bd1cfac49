/// The rate that falls when the validation loss does not: moved by the trainer, kept in the state.
module Cv.Tests.PlateauTests

open System
open System.Collections.Immutable
open Cv.Dsl
open Cv.Runtime
open Cv.Compiler
open Cv.FSharp
open Expecto

/// A step that adds the rate to "walked", and an evaluator whose losses are told beforehand.
type private Told(losses: float list, step: CompiledFunction) =
    let mutable left = losses

    member _.Judge = {
        new IFunction with
            member _.Inputs = step.Inputs

            member _.Call(_, _) =
                let loss = float32 left.Head
                left <- left.Tail
                [| Tensor.Scalar loss |]

            member _.FirstNonFinite(_, _) = null
    }

let private data =
    Features(
        "points",
        Tensor.From(array2D [ [ 1f; 2f ]; [ -1f; 0.5f ]; [ 0.25f; 1f ]; [ 2f; 2f ] ]),
        [| 0uy; 1uy; 0uy; 1uy |],
        ImmutableArray.Create("a", "b")
    )

let private loss scores labels = scores |> softmaxCrossEntropy labels

let private compile optimiser =
    Training.Compile(Model.Input(2).Dense(2), loss, optimiser)

/// The rate of each epoch's steps, told the validation losses: what a bias of gradient 1 moves by.
let private rates (plateau: PlateauSchedule) losses =
    let program = compile (Optimiser.Momentum(LearningRate plateau))
    use state = program.Initialise 1UL
    use batches = new Batches(data, 2, seed = 1UL)
    use judged = new Batches(data, 4)
    let seen = ResizeArray()

    let watch = {
        new IProgress<TrainingEvent> with
            member _.Report told =
                match told with
                | :? EpochEnded -> seen.Add(state["plateau/scale"].Item())
                | _ -> ()
    }

    let options = TrainingOptions(Epochs = List.length losses, Plateau = plateau)
    let trainer = Trainer(program.Step, Told(losses, program.Evaluate).Judge, options)
    trainer.Train(state, batches, judged, watch) |> ignore
    List.ofSeq seen, state["plateau/lowest"].Item(), int (state["plateau/waited"].Item())

let private told text act =
    testCase text
    <| fun () ->
        let message =
            try
                act ()
                "nothing"
            with
            | :? ArgumentException as ex -> ex.Message
            | :? GraphException as ex -> ex.Text

        Expect.stringContains message text "the message"

[<Tests>]
let tests =
    testList "plateau" [
        testCase "the rate falls after as many epochs without a lower loss as there is patience"
        <| fun () ->
            let scales, lowest, waited =
                rates (Schedule.ReduceOnPlateau(0.1, 0.5, 2)) [ 1.0; 0.5; 0.75; 0.5; 0.625; 0.5; 0.25; 0.375; 0.25; 0.25 ]

            Expect.equal scales [ 1.0; 1.0; 1.0; 0.5; 0.5; 0.25; 0.25; 0.25; 0.125; 0.125 ] "what the first rate is multiplied by"
            Expect.equal (lowest, waited) (0.25, 1) "what is kept"

        testCase "it does not fall while the loss does"
        <| fun () ->
            let scales, _, _ =
                rates (Schedule.ReduceOnPlateau(0.1, 0.5, 1)) [ 1.0; 0.5; 0.25; 0.125 ]

            Expect.equal scales [ 1.0; 1.0; 1.0; 1.0 ] "scales"

        testCase "steps are taken at the rate of the state, and no lower than the least"
        <| fun () ->
            let program =
                compile (Optimiser.GradientDescent(LearningRate(Schedule.ReduceOnPlateau(0.5, 0.1, 1, 0.01))))

            let step (scale: float) =
                use state = program.Initialise 1UL
                use before = state.Clone()
                state["plateau/scale"].AsSpan<float>()[0] <- scale
                use batches = new Batches(data, 4)
                program.Step.Call(state, batches.Get(1, 0).Inputs()) |> ignore
                state["dense1.b"].ToDoubles()[0] - before["dense1.b"].ToDoubles()[0]

            Expect.floatClose Accuracy.medium (step 0.1) (step 1.0 / 10.0) "a tenth of the scale, a tenth of the step"
            Expect.floatClose Accuracy.medium (step 1e-6) (step 1.0 / 50.0) "0.01 instead of 0.5e-6"

        testCase "it multiplies another schedule"
        <| fun () ->
            let plateau = Schedule.ReduceOnPlateau 1.0

            let optimiser =
                Optimiser.GradientDescent(LearningRate(Schedule.Cosine(0.1, 10L) * plateau))

            let parameter = Expr.Parameter("w", Generators.shape [ 2 ])
            let leaves = [ for leaf in optimiser.Init parameter -> (leaf.Op :?> State).Id ]
            Expect.equal (set leaves) (set [ "w/step"; "plateau/scale"; "plateau/lowest"; "plateau/waited" ]) "all states"

        testCase "going back after a loss that is not finite takes the steps at the rates they had"
        <| fun () ->
            let plateau = Schedule.ReduceOnPlateau(0.1, 0.5, 1)
            let program = compile (Optimiser.Momentum(LearningRate plateau))
            use batches = new Batches(data, 2, seed = 1UL)
            use judged = new Batches(data, 4)
            use reached = program.Initialise 1UL
            let mutable steps = 0

            let step = {
                new IFunction with
                    member _.Inputs = program.Step.Inputs

                    member _.Call(state, inputs) =
                        let figures = program.Step.Call(state, inputs)
                        steps <- steps + 1

                        if steps = 7 then
                            figures[0].AsSpan<float32>()[0] <- nanf

                        figures

                    member _.FirstNonFinite(_, _) = null
            }

            // the rate is halved after the second epoch and after the third, and the seventh step, the fourth epoch's first, is bad
            let judge = Told([ 1.0; 2.0; 2.0; 2.0 ], program.Evaluate).Judge
            let trainer = Trainer(step, judge, TrainingOptions(Epochs = 4, Plateau = plateau))

            Expect.throwsC (fun () -> trainer.Train(reached, batches, judged) |> ignore) (fun ex ->
                Expect.isTrue (ex :? TrainingException) ex.Message)

            // left with what went into the sixth
            use expected = program.Initialise 1UL

            for step in 0..4 do
                if step = 4 then
                    expected["plateau/scale"].AsSpan<float>()[0] <- 0.5

                program.Step.Call(expected, batches.Get(1 + step / 2, step % 2).Inputs())
                |> ignore

            Expect.equal (reached["plateau/scale"].Item()) 0.5 "the scale"
            Expect.equal (reached["dense1.w"].ToDoubles()) (expected["dense1.w"].ToDoubles()) "the parameters"

        told "training: a plateau needs a validation set, whose loss it watches; got none. Split one off the training set." (fun () ->
            let plateau = Schedule.ReduceOnPlateau 0.1
            let program = compile (Optimiser.Momentum(LearningRate plateau))
            use state = program.Initialise 1UL
            use batches = new Batches(data, 2)

            Trainer(program.Step, program.Evaluate, TrainingOptions(Plateau = plateau)).Train(state, batches)
            |> ignore)

        told
            "training: a plateau must be the learning rate of the program that is trained; its state has no \"plateau/scale\". Give the optimiser this schedule."
            (fun () ->
                let program = compile (Optimiser.Momentum 0.1)
                use state = program.Initialise 1UL
                use batches = new Batches(data, 2)

                Trainer(program.Step, program.Evaluate, TrainingOptions(Plateau = Schedule.ReduceOnPlateau 0.1))
                    .Train(state, batches, batches)
                |> ignore)

        told "reduce_on_plateau: the patience must be at least 1 epoch; got 0. 5 is usual." (fun () ->
            Schedule.ReduceOnPlateau(0.1, patience = 0) |> ignore)
    ]
