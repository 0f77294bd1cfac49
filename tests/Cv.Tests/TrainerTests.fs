module Cv.Tests.TrainerTests

open System
open System.Threading
open Cv.Runtime
open Cv.Tests.BatchesTests
open Cv.Tests.FakeTraining
open Cv.Tests.TensorTests
open Expecto
open FsCheck

let private running =
    testList "running" [
        testCase "events come in order, and the state is what the steps made of it"
        <| fun () ->
            let state, recorder = initial (), Recorder()
            use batches = train ()
            let trainer = Trainer(stepper 0, judge, TrainingOptions(Epochs = 2))
            let result = trainer.Train(state, batches, progress = recorder)

            Expect.equal
                (List.map name recorder.Events)
                [
                    "started 2 x 3, 10 images"
                    "step 1 of epoch 1"
                    "step 2 of epoch 1"
                    "step 3 of epoch 1"
                    "epoch 1 ended"
                    "step 4 of epoch 2"
                    "step 5 of epoch 2"
                    "step 6 of epoch 2"
                    "epoch 2 ended"
                    "stopped: Completed, 2 epochs, 6 steps"
                ]
                "events"

            Expect.equal (result.Reason, result.Steps, result.Epochs.Length) (StopReason.Completed, 6L, 2) "result"
            Expect.isFalse result.BestEpoch.HasValue "no validation set, no best epoch"
            sameState state (after 6) "six updates"

        testCase "figures weigh each batch by its images, times follow the clock"
        <| fun () ->
            let clock, recorder = Clock(), Recorder()

            let step =
                Fake(fun _ batch ->
                    clock.Advance 1000L
                    float batch.Count, (if batch.Count = 4 then 0.5 else 1.0))

            use batches = train ()
            let trainer = Trainer(step, judge, TrainingOptions(Epochs = 2, Clock = clock))
            trainer.Train(initial (), batches, progress = recorder) |> ignore

            let ended =
                recorder.Events
                |> List.pick (function
                    | :? EpochEnded as e -> Some e
                    | _ -> None)

            Expect.floatClose Accuracy.high ended.Loss 3.6 "(4 * 4 + 4 * 4 + 2 * 2) / 10"
            Expect.floatClose Accuracy.high ended.Metrics["accuracy"] 0.6 "(2 + 2 + 2) / 10"
            Expect.floatClose Accuracy.high ended.ImagesPerSecond (10.0 / 3.0) "10 images in 3 s"
            Expect.equal ended.Elapsed (TimeSpan.FromSeconds 3.0) "of the epoch"
            Expect.equal ended.TimeLeft (TimeSpan.FromSeconds 3.0) "another epoch"

            let second =
                recorder.Events
                |> List.choose (function
                    | :? StepTaken as e -> Some e
                    | _ -> None)
                |> List.item 1

            Expect.equal (second.Loss, second.EpochLoss) (4.0, 4.0) "of the step"
            Expect.equal second.TimeLeft (TimeSpan.FromSeconds 4.0) "four steps more"

        testCase "evaluation weighs the short last batch by its images"
        <| fun () ->
            use batches = new Batches(numbered 5, 2)

            let sizes =
                Fake(fun _ batch -> float batch.Count, (if batch.Count = 1 then 0.0 else 1.0))

            let evaluation = Evaluation.Of(sizes, ModelState.Empty, batches)
            Expect.floatClose Accuracy.high evaluation.Loss 1.8 "(2 * 2 + 2 * 2 + 1 * 1) / 5"
            Expect.floatClose Accuracy.high evaluation.Metrics["accuracy"] 0.8 "4 / 5"
            Expect.equal evaluation.Count 5 "images"

        testCase "an error of the step ends the events too"
        <| fun () ->
            let state, recorder = initial (), Recorder()
            use batches = train ()

            let step =
                Fake(fun state batch ->
                    if steps state = 3 then
                        raise (BindingException "no such input")

                    update 0 state batch)

            Expect.equal
                (messageOf<BindingException>(fun () -> Trainer(step, judge).Train(state, batches, progress = recorder) |> ignore))
                "no such input"
                "the step's own error"

            Expect.equal (name (List.last recorder.Events)) "stopped: Failed, 1 epochs, 3 steps" "the last event"
    ]

let private stopping =
    /// Judges the state after each epoch by a list of losses.
    let judgeBy (losses: float list) =
        Fake(fun state _ -> losses[steps state / 3 - 1], 0.5)

    testList "stopping" [
        testCase "early: no lower validation loss for as many epochs as patience has, and the best parameters come back"
        <| fun () ->
            let state, recorder = initial (), Recorder()
            use batches = train ()
            use validation = new Batches(numbered 3, 2)
            let options = TrainingOptions(Epochs = 10, Patience = 2)
            let trainer = Trainer(stepper 0, judgeBy [ 3.0; 2.0; 2.5; 2.0; 1.0 ], options)
            let result = trainer.Train(state, batches, validation, recorder)
            Expect.equal result.Reason StopReason.NoImprovement "reason"
            Expect.equal result.Epochs.Length 4 "two epochs after the best, an equal loss is no lower"
            Expect.equal result.BestEpoch (Nullable 2) "best epoch"
            Expect.equal [ for e in result.Epochs -> (nonNull e.Validation).Loss ] [ 3.0; 2.0; 2.5; 2.0 ] "validation losses"
            Expect.equal (name (List.last recorder.Events)) "stopped: NoImprovement, 4 epochs, 12 steps" "the last event"
            sameState state (after 6) "as after epoch 2"

        testCase "at the last epoch, the best parameters come back if patience is set, and only then"
        <| fun () ->
            for patience, updates in [ Nullable 5, 3; Nullable(), 9 ] do
                let state = initial ()
                use batches = train ()
                use validation = new Batches(numbered 3, 2)
                let options = TrainingOptions(Epochs = 3, Patience = patience)

                let result =
                    Trainer(stepper 0, judgeBy [ 1.0; 2.0; 3.0 ], options).Train(state, batches, validation)

                Expect.equal (result.Reason, result.BestEpoch) (StopReason.Completed, Nullable 1) "all epochs"
                sameState state (after updates) $"patience {patience}"

        testCase "patience without a validation set is refused"
        <| fun () ->
            use batches = train ()

            Expect.equal
                (messageOf<ArgumentException>(fun () ->
                    Trainer(stepper 0, judge, TrainingOptions(Patience = 1)).Train(initial (), batches)
                    |> ignore))
                "training: patience needs a validation set, whose loss it waits for; got none. Split one off the training set. (Parameter 'validation')"
                "the text"

        testCase "an error of the progress does not hide the first one"
        <| fun () ->
            let late () =
                let recorder = Recorder()

                recorder.OnEvent <-
                    fun event ->
                        if event :? TrainingStopped then
                            invalidOp "the progress, too"

                recorder

            use batches = train ()

            Expect.throwsC
                (fun () ->
                    Trainer(stepper 2, judge, TrainingOptions(Epochs = 2)).Train(initial (), batches, progress = late ())
                    |> ignore)
                (fun first ->
                    Expect.isTrue (first :? TrainingException) $"the first: {first}"
                    let second = nonNull first.Data[Trainer.ProgressError] :?> exn
                    Expect.equal second.Message "the progress, too" "the second goes with it")

            let failing = Fake(fun _ _ -> raise (TimeoutException()))

            Expect.throwsT<TimeoutException>
                (fun () ->
                    Trainer(failing, judge, TrainingOptions(Epochs = 2)).Train(initial (), batches, progress = late ())
                    |> ignore)
                "of a step"

        testCase "cancelled: what was reached stays"
        <| fun () ->
            for at in [ 0; 1; 3; 4 ] do
                let state, recorder = initial (), Recorder()
                use source = new CancellationTokenSource()

                recorder.OnEvent <-
                    function
                    | :? StepTaken as e when e.Step = at -> source.Cancel()
                    | :? TrainingStarted when at = 0 -> source.Cancel()
                    | _ -> ()

                use batches = train ()

                let result =
                    Trainer(stepper 0, judge).Train(state, batches, null, recorder, source.Token)

                Expect.equal (result.Reason, result.Steps) (StopReason.Cancelled, int64 at) "result"
                Expect.equal (name (List.last recorder.Events)) $"stopped: Cancelled, {at / 3} epochs, {at} steps" "the last event"
                sameState state (after at) $"{at} updates"

        testCase "cancelled while judging: the epoch's steps stay, the epoch has no figures"
        <| fun () ->
            let state = initial ()
            use source = new CancellationTokenSource()

            let judge =
                Fake(fun state _ ->
                    if steps state = 6 then
                        source.Cancel()

                    1.0, 0.5)

            use batches = train ()
            use validation = new Batches(numbered 3, 1)

            let result =
                Trainer(stepper 0, judge).Train(state, batches, validation, null, source.Token)

            Expect.equal (result.Reason, result.Steps, result.Epochs.Length) (StopReason.Cancelled, 6L, 1) "result"
            sameState state (after 6) "six updates"
    ]

let private notFinite =
    let run state poisoned every epochs (validation: Batches | null) recorder =
        use batches = train ()
        let options = TrainingOptions(Epochs = epochs, SnapshotEvery = every)

        Expect.throwsC
            (fun () ->
                Trainer(stepper poisoned, judge, options).Train(state, batches, validation, recorder)
                |> ignore)
            (fun ex ->
                Expect.isTrue (ex :? TrainingException) $"a TrainingException, not {ex}"
                ex :?> TrainingException)

    testList "a loss that is not finite" [
        testCase "the error names step, epoch and node, and what was kept"
        <| fun () ->
            let state, recorder = initial (), Recorder()
            let error = run state 4 64 10 null recorder
            use batches = train ()
            let bad = places (batches.Get(2, 1))

            Expect.equal
                error.Message
                $"training: the loss must be finite; step 5 (epoch 2) gave NaN. The first node not finite is log : f32[]: after 4 updates, w Infinity, on %A{bad}. The parameters are those that went into step 4, the last whose loss was finite. Lower the learning rate, or look at the data."
                "the text"

            Expect.equal (error.Epoch, error.Step, (nonNull error.Report).Node) (2, 5L, "log : f32[]") "its facts"
            Expect.equal (name (List.last recorder.Events)) "stopped: NotFinite, 1 epochs, 4 steps" "the last event"
            sameState state (after 3) "what went into step 4"

        testProperty "the state is what went into the last step with a finite loss, wherever snapshots fall"
        <| fun (PositiveInt poisoned) (PositiveInt every) ->
            let poisoned, every = 1 + poisoned % 20, 1 + every % 8
            let state = initial ()
            let error = run state poisoned every 10 null null
            Expect.equal error.Step (int64 poisoned + 1L) "the step after the bad update"

            Expect.stringContains
                (nonNull error.Report).Detail
                $"after {poisoned} updates, w Infinity"
                "searched in the state that gave the bad loss"

            sameState state (after (poisoned - 1)) $"update {poisoned} undone, snapshots every {every}"

        testCase "from the first step: the state is as it was given"
        <| fun () ->
            let state = initial ()
            state["w"].AsSpan<float32>()[0] <- infinityf
            let error = run state 0 64 10 null null

            Expect.stringContains error.Message "step 1 (epoch 1) gave NaN" "where"
            Expect.stringContains error.Message "The parameters are as they were before training." "what was kept"
            Expect.equal (weights state, steps state) (infinityf, 0) "unchanged"

        testCase "seen by the validation set"
        <| fun () ->
            let state = initial ()
            use validation = new Batches(numbered 3, 2)
            let error = run state 6 4 10 validation null
            Expect.stringContains error.Message "the validation after step 6 (epoch 2) gave NaN" "where"
            Expect.stringContains error.Message "went into step 6, the last" "what was kept"
            Expect.stringContains (nonNull error.Report).Detail "after 6 updates, w Infinity, on [0; 1]" "on the validation batch"
            sameState state (after 5) "what went into step 6"

        testCase "seen after the last step of all"
        <| fun () ->
            for every in 1..7 do
                let state = initial ()
                let error = run state 6 every 2 null null
                Expect.stringContains error.Message "a training batch after step 6 (epoch 2) gave NaN" "where"
                sameState state (after 5) "what went into step 6"
    ]

[<Tests>]
let tests = testList "Trainer" [ running; stopping; notFinite ]
