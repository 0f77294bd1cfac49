/// Runs that are written down, stopped at any moment, and go on as if nothing had been.
module Cv.Tests.RunCheckpointTests

open System
open System.Collections.Generic
open System.Diagnostics
open System.IO
open System.Threading
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.DataFiles
open Cv.Tests.States
open Expecto
open FsCheck

/// Twenty noisy images of 4 x 4, in three classes.
let private data =
    let noise = RandomStream(5UL, "images")

    Dataset(
        "noise",
        shape [ 4; 4; 1 ],
        Array.init (20 * 16) (fun i -> byte (256.0 * noise.Uniform(int64 i))),
        Array.init 20 (fun i -> byte (i % 3)),
        [| "a"; "b"; "c" |] |> Collections.Immutable.ImmutableArray.Create<string>
    )

let private steps = 12L

let private plateau = Schedule.ReduceOnPlateau(1.0, 0.5, 1)

/// A net and an optimiser, compiled once: all kinds of state that a run has.
let private programs = [
    "momentum, augmentation",
    lazy
        Training.Compile(
            Model.Input(4, 4, 1).RandomFlip().RandomShift(1).Conv(2, 3, padding = Padding.Same).Relu().Flatten().Dense(3),
            Func<_, _, _>(fun s l -> s.SoftmaxCrossEntropy l),
            Optimiser.Momentum(Schedule.Cosine(0.1, 12)),
            metrics = [ Metric.Accuracy ]
        )
    "Adam, batch norm, dropout",
    lazy
        Training.Compile(
            Model.Input(4, 4, 1).Flatten().Dense(6).BatchNorm().Relu().Dropout(0.3).Dense(3),
            Func<_, _, _>(fun s l -> s.SoftmaxCrossEntropy l),
            Optimiser.Adam 0.05,
            metrics = [ Metric.Accuracy ]
        )
    "plateau, averages of parameters",
    lazy
        Training
            .Compile(
                Model.Input(4, 4, 1).Flatten().Dense(6).Relu().Dense(3),
                Func<_, _, _>(fun s l -> s.SoftmaxCrossEntropy l),
                Optimiser.Momentum(LearningRate plateau).Average(0.8),
                metrics = [ Metric.Accuracy ]
            )
            .WithAverages()
]

type private Recorder(onStep: int64 -> unit) =
    let events = List<TrainingEvent>()
    member _.Events = List.ofSeq events

    interface IProgress<TrainingEvent> with
        member _.Report event =
            events.Add event

            match event with
            | :? StepTaken as e -> onStep e.Step
            | _ -> ()

/// What ends a run as a crash does: nothing after it is done.
exception private Crash

/// Three epochs of four steps, the last of each short, judged after each; gives the final state and all that was told.
let private run (program: TrainingProgram) seed (checkpoint: CheckpointOptions | null) epochs onStep cancellation =
    use state = program.Initialise seed
    use train = new Batches(data, 6, seed = 3UL)
    use validation = new Batches(data.Take 9, 5)
    let recorder = Recorder onStep

    let watched: PlateauSchedule | null =
        if Seq.contains plateau.Scale program.Leaves then
            plateau
        else
            null

    let options =
        TrainingOptions(Epochs = epochs, Patience = Nullable epochs, Checkpoint = checkpoint, Plateau = watched)

    let result =
        try
            Some(Trainer(program.Step, program.Evaluate, options).Train(state, train, validation, recorder, cancellation))
        with Crash ->
            None

    contents state, recorder.Events, result

let private straight (program: TrainingProgram) epochs =
    run program 1UL null epochs ignore CancellationToken.None

/// Losses of the steps, then of the epochs: without times.
let private figures (events: TrainingEvent list) = [
    for event in events do
        match event with
        | :? StepTaken as e ->
            $"step {e.Step} of epoch {e.Epoch}", [ e.Loss; e.Metrics["accuracy"]; e.EpochLoss; e.EpochMetrics["accuracy"] ]
        | :? EpochEnded as e ->
            $"epoch {e.Epoch}", [ e.Loss; e.Metrics["accuracy"]; (nonNull e.Validation).Loss; (nonNull e.Validation).Metrics["accuracy"] ]
        | _ -> ()
]

let private resumed (events: TrainingEvent list) =
    events
    |> List.tryPick (function
        | :? TrainingResumed as e -> Some e
        | _ -> None)

/// The run that went on, from another first state, ends as the one that was never stopped, and tells the same of what it did.
let private same (program: TrainingProgram) (path: string) epochs startedAt message =
    let expected, told, result = straight program epochs

    // another seed: whatever the checkpoint does not hold would show
    let seed = if Option.isSome startedAt then 9UL else 1UL

    let state, events, again =
        run program seed (CheckpointOptions path) epochs ignore CancellationToken.None

    sameContents state expected $"{message}: state"
    let all = figures told
    let part = figures events
    Expect.equal part (List.skip (all.Length - part.Length) all) $"{message}: figures"
    let result, again = Option.get result, Option.get again

    Expect.equal
        (again.Steps, again.Reason, again.BestEpoch, again.Epochs.Length)
        (result.Steps, result.Reason, result.BestEpoch, result.Epochs.Length)
        $"{message}: result"

    Expect.equal
        (again.Epochs |> Seq.cast |> List.ofSeq |> figures)
        (result.Epochs |> Seq.cast |> List.ofSeq |> figures)
        $"{message}: epochs"

    Expect.equal (resumed events |> Option.map _.Steps) startedAt $"{message}: where it went on"

let private resuming =
    testList "going on" [
        for name, program in programs do
            testCase $"cancelled at any step: {name}"
            <| fun () ->
                for at in 0L .. steps do
                    inFolder (fun folder ->
                        let path = Path.Combine(folder, "run.ckpt")
                        use source = new CancellationTokenSource()

                        if at = 0L then
                            source.Cancel()

                        run
                            program.Value
                            1UL
                            (CheckpointOptions(path, Nullable 100))
                            3
                            (fun step ->
                                if step = at then
                                    source.Cancel())
                            source.Token
                        |> ignore

                        same program.Value path 3 (if at = 0L then None else Some at) $"at {at}")

            testCase $"crashed at any step, written at every third, or after each epoch: {name}"
            <| fun () ->
                for everyEpochs, everySteps, every in [ Nullable(), Nullable 3, 3L; Nullable 1, Nullable(), 4L ] do
                    for at in 1L .. steps do
                        inFolder (fun folder ->
                            let path = Path.Combine(folder, "run.ckpt")

                            run
                                program.Value
                                1UL
                                (CheckpointOptions(path, everyEpochs, everySteps))
                                3
                                (fun step ->
                                    if step = at then
                                        raise Crash)
                                CancellationToken.None
                            |> ignore

                            // a step is told before it is written down
                            let last = (at - 1L) / every * every
                            same program.Value path 3 (if last = 0L then None else Some last) $"at {at}, every {every}")

        testCase "again and again, after every step"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let program = (snd programs[1]).Value

                for _ in 1L .. steps - 1L do
                    use source = new CancellationTokenSource()

                    run program 1UL (CheckpointOptions path) 3 (fun _ -> source.Cancel()) source.Token
                    |> ignore

                same program path 3 (Some(steps - 1L)) "the last")

        testCase "an ended run has nothing to do, and more epochs go on"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let program = (snd programs[1]).Value

                run program 1UL (CheckpointOptions path) 2 ignore CancellationToken.None
                |> ignore

                same program path 2 (Some 8L) "ended"
                same program path 3 (Some 8L) "more")

        testCase "the run is told so, and looked at from outside"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let program = (snd programs[0]).Value

                let _, told, _ =
                    run program 1UL (CheckpointOptions path) 2 ignore CancellationToken.None

                let _, events, _ =
                    run program 1UL (CheckpointOptions path) 2 ignore CancellationToken.None

                let event = Option.get (resumed events)
                Expect.equal (event.Path, event.Steps, event.Refused) (path, 8L, null) "the event"

                let expected =
                    figures told |> List.filter (fun (name, _) -> name.StartsWith "epoch")

                Expect.equal (event.Epochs |> Seq.cast |> List.ofSeq |> figures) expected "its epochs"
                use text = new StringWriter()
                (ConsoleProgress(text, false) :> IProgress<TrainingEvent>).Report event
                Expect.equal (text.ToString().TrimEnd()) $"going on after step 8 (2 epochs finished) from {path}" "the line"
                use read = Checkpoint.Read path
                Expect.equal (read.Steps, read.Epochs.Length, read.Path) (8L, 2, path) "read"
                Expect.isTrue (read.BestEpoch.HasValue && not (isNull read.Best)) "the best epoch"

                Expect.equal
                    (List.sort [ for file in Directory.GetFiles folder -> Path.GetFileName file ])
                    [ "run.ckpt"; "run.ckpt.lock"; "run.ckpt.previous" ]
                    "files")

        testCase "any reader of safetensors reads it"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")

                run (snd programs[1]).Value 1UL (CheckpointOptions path) 1 ignore CancellationToken.None
                |> ignore

                use all = Safetensors.Read path

                Expect.isTrue
                    (all.Contains "state/dense1.w"
                     && all.Contains "best/dense1.w"
                     && all.Contains "state/dropout1.step")
                    "names")

        testCase "beginning anew if one asks"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let program = (snd programs[1]).Value

                run program 1UL (CheckpointOptions path) 2 ignore CancellationToken.None
                |> ignore

                let _, events, _ =
                    run program 1UL (CheckpointOptions(path, Resume = false)) 2 ignore CancellationToken.None

                Expect.isNone (resumed events) "not gone on"
                Expect.hasLength (figures events) 10 "eight steps, two epochs")
    ]

/// A folder with two checkpoints of a run of seven steps: after the sixth and the seventh.
let private withTwo act =
    inFolder (fun folder ->
        let path = Path.Combine(folder, "run.ckpt")
        let program = (snd programs[1]).Value

        run
            program
            1UL
            (CheckpointOptions(path, everySteps = Nullable 1))
            3
            (fun step ->
                if step = 8L then
                    raise Crash)
            CancellationToken.None
        |> ignore

        act program path)

let private message run =
    Expect.throwsC run (fun (ex: exn) ->
        Expect.isTrue (ex :? CheckpointException) $"a CheckpointException, not {ex}"
        ex.Message)

let private tear path (PositiveInt place) (value: byte) =
    let bytes = File.ReadAllBytes path
    let at = place * 7919 % bytes.Length

    // most are cut off, as a torn file is; the others have one byte changed
    if value % 4uy <> 0uy then
        File.WriteAllBytes(path, Array.truncate at bytes)
    else
        bytes[at] <- bytes[at] ^^^ (value ||| 1uy)
        File.WriteAllBytes(path, bytes)

let private torn =
    testList "torn files" [
        testCase "the one before is used, and the run says so and ends as it would have"
        <| fun () ->
            withTwo (fun program path ->
                File.WriteAllBytes(path, Array.truncate 1000 (File.ReadAllBytes path))

                let _, events, _ =
                    run program 9UL (CheckpointOptions path) 3 ignore CancellationToken.None

                let event = Option.get (resumed events)
                Expect.equal (event.Path, event.Steps) (path + ".previous", 6L) "the one before"

                Expect.stringStarts (nonNull event.Refused) $"checkpoint: {path} must be whole; expected the checksum " "why")

            withTwo (fun program path ->
                File.WriteAllBytes(path, [||])
                same program path 3 (Some 6L) "emptied")

        testCase "killed between two renamings: only the one before is there"
        <| fun () ->
            withTwo (fun program path ->
                File.Move(path, path + ".gone")
                same program path 3 (Some 6L) "renamed")

        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 30 } "wherever it is torn, the one before is read"
        <| fun place value ->
            withTwo (fun _ path ->
                tear path place value
                use read = Checkpoint.Read path
                Expect.equal read.Steps 6L "the one before"
                Expect.stringStarts (nonNull read.Refused).Message $"checkpoint: {path} must be whole; " "and why")

        testCase "without a whole one, the run does not begin anew in silence"
        <| fun () ->
            withTwo (fun program path ->
                File.WriteAllText(path, "no checkpoint")
                File.WriteAllText(path + ".previous", "no checkpoint")

                for act in
                    [
                        fun () -> (Checkpoint.Read path).Dispose()
                        fun () ->
                            run program 1UL (CheckpointOptions path) 3 ignore CancellationToken.None
                            |> ignore
                    ] do
                    Expect.equal
                        (message act)
                        $"checkpoint: {path}.previous must be whole; expected a checksum at its beginning, found none. Delete it to go on from the one before."
                        "the text")

        testCase "a whole safetensors file of something else is no checkpoint"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                use state = (snd programs[0]).Value.Initialise 1UL
                Safetensors.Write(path, state, dict [ "sha256", String('0', 64) ] |> Dictionary)

                Expect.stringContains
                    (message (fun () -> Checkpoint.Read path |> ignore))
                    "must be whole; expected the checksum 00000000..., found "
                    "the text")
    ]

/// A step that moves one weight, and breaks it at some update: its loss is finite until the step after.
let private breaking at =
    let act update = {
        new IFunction with
            member _.Inputs = [||]
            member _.FirstNonFinite(_, _) = null

            member _.Call(state, _) =
                let w = state["w"].AsSpan<float32>()
                let loss = w[0] * 0.0f

                if update then
                    w[0] <- if w[0] = at then infinityf else w[0] + 1.0f

                [| Tensor.Scalar loss |]
    }

    act true, act false

let private mistakes =
    testList "mistakes" [
        testCase "a checkpoint of another run is refused"
        <| fun () ->
            withTwo (fun program path ->
                let train (program: TrainingProgram) size seed patience =
                    use state = program.Initialise 1UL
                    use batches = new Batches(data, size, seed = seed)
                    use validation = new Batches(data.Take 9, 5)

                    let options =
                        TrainingOptions(Epochs = 3, Patience = patience, Checkpoint = CheckpointOptions path)

                    let text =
                        message (fun () ->
                            Trainer(program.Step, program.Evaluate, options).Train(state, batches, validation)
                            |> ignore)

                    text.Replace(path, "FILE")

                Expect.equal
                    (train program 7 (Nullable 3UL) (Nullable 3))
                    "checkpoint: FILE must be of this run; its batch size is 6, and here it is 7. Delete it to begin anew, or go on with the change: new CheckpointOptions(path) { AcceptChanges = true }."
                    "other batches"

                Expect.stringContains
                    (train program 6 (Nullable 4UL) (Nullable 3))
                    "its seed of the batches' order is 3, and here it is 4."
                    "another seed"

                Expect.stringStarts
                    (train (snd programs[0]).Value 6 (Nullable 3UL) (Nullable 3))
                    "checkpoint: FILE must be of this run; its step has \"%0 : "
                    "another model")

        testCase "patience cannot be added later"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let program = (snd programs[1]).Value
                use state = program.Initialise 1UL
                use batches = new Batches(data, 6, seed = 3UL)

                let train patience =
                    let options =
                        TrainingOptions(Epochs = 1, Patience = patience, Checkpoint = CheckpointOptions path)

                    Trainer(program.Step, program.Evaluate, options).Train(state, batches, batches)
                    |> ignore

                train (Nullable())
                Expect.stringContains (message (fun () -> train (Nullable 2))) "must hold the best epoch's parameters" "the text")

        testCase "no distance below 1, no folder that is none"
        <| fun () ->
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> CheckpointOptions("a", Nullable 0) |> ignore) "epochs"
            Expect.throwsT<ArgumentOutOfRangeException> (fun () -> CheckpointOptions("a", everySteps = Nullable -1) |> ignore) "steps"

            Expect.stringStarts
                (message (fun () ->
                    run (snd programs[1]).Value 1UL (CheckpointOptions "none/run.ckpt") 1 ignore CancellationToken.None
                    |> ignore))
                "checkpoint: none/run.ckpt: expected a place for its lock, "
                "the text"

        testCase "what a bad update made is never written down"
        <| fun () ->
            for at in 0..7 do
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "run.ckpt")
                    let step, judge = breaking (float32 at)
                    use state = ModelState.Initialise([ Expr.Parameter("w", Shape.Scalar) ], 1UL)
                    use batches = new Batches(data, 6, seed = 3UL)

                    let options =
                        TrainingOptions(Epochs = 2, Checkpoint = CheckpointOptions(path, everySteps = Nullable 1))

                    Expect.throwsT<TrainingException> (fun () -> Trainer(step, judge, options).Train(state, batches) |> ignore) "stopped"

                    if at > 0 then
                        use read = Checkpoint.Read path
                        Expect.equal (read.Steps, read.State["w"].Item()) (int64 at, float at) "the last good one"
                    else
                        Expect.isFalse (File.Exists path) "none")
    ]

/// What a run is: everything that decides its numbers, changed one by one.
let private identity =
    let compile (loss: Expr -> Expr -> Expr) (model: Model) (optimiser: Optimiser) =
        Training.Compile(model, Func<_, _, _> loss, optimiser)

    let crossEntropy (s: Expr) (l: Expr) = s.SoftmaxCrossEntropy l

    let net () =
        Model.Input(4, 4, 1).Flatten().Dense(6).BatchNorm().Relu().Dropout(0.3).Dense(3)

    let momentum (rate: float) = Optimiser.Momentum rate

    let other =
        Dataset(
            "noise",
            shape [ 4; 4; 1 ],
            Array.init (20 * 16) (fun i -> byte (i * 7 % 251)),
            Array.init 20 (fun i -> byte (i % 3)),
            data.ClassNames
        )

    let plateauOf decay patience =
        Schedule.ReduceOnPlateau(1.0, decay, patience)

    /// Trains an epoch of four steps with the checkpoint.
    let train
        path
        accept
        (program: TrainingProgram)
        (examples: Dataset)
        size
        seed
        (scaling: Scaling)
        (watched: PlateauSchedule | null)
        judged
        =
        use state = program.Initialise 1UL
        use batches = new Batches(examples, size, scaling, Nullable seed)
        use validation = new Batches(judged, 5)
        let recorder = Recorder ignore

        let options =
            TrainingOptions(Epochs = 2, Plateau = watched, Checkpoint = CheckpointOptions(path, AcceptChanges = accept))

        Trainer(program.Step, program.Evaluate, options).Train(state, batches, validation, recorder)
        |> ignore

        recorder.Events

    let base' () =
        compile crossEntropy (net ()) (momentum 0.1)

    let judged = data.Take 9

    /// What differs, how it is told, and how to train so.
    let changes: (string * string * (string -> bool -> TrainingEvent list)) list = [
        let step name text make =
            name, text, (fun path accept -> train path accept (make ()) data 6 3UL Scaling.Unit null judged)

        step "the learning rate" " = mul 0.2 %" (fun () -> compile crossEntropy (net ()) (momentum 0.2))

        step "the learning rate by an ulp" " = mul 0.10000001 %" (fun () -> compile crossEntropy (net ()) (momentum 0.10000001))

        step "the momentum" "0.8" (fun () -> compile crossEntropy (net ()) (Optimiser.Momentum(0.1, 0.8)))

        step "the loss" "its step has \"%" (fun () -> compile (fun s l -> 2.0f * s.SoftmaxCrossEntropy l) (net ()) (momentum 0.1))

        step "the penalty" "its step has \"%" (fun () ->
            Training.Compile(net (), Func<_, _, _> crossEntropy, momentum 0.1, (fun w -> 1e-4 * w.L2())))

        step "the schedule" "its step has \"%" (fun () -> compile crossEntropy (net ()) (Optimiser.Momentum(Schedule.Cosine(0.1, 100))))

        step "the dropout's rate" "its step has \"%" (fun () ->
            compile crossEntropy (Model.Input(4, 4, 1).Flatten().Dense(6).BatchNorm().Relu().Dropout(0.2).Dense(3)) (momentum 0.1))

        step "the gate" "its step has \"%" (fun () ->
            compile crossEntropy (Model.Input(4, 4, 1).Flatten().Dense(6).BatchNorm().LeakyRelu(0.1).Dropout(0.3).Dense(3)) (momentum 0.1))

        step "what is frozen" "its step has \"%" (fun () ->
            Training.Compile(net (), Func<_, _, _> crossEntropy, momentum 0.1, frozen = Func<_, _>(fun name -> name = "dense1.w")))

        step "the laws of floats" "fast math" (fun () ->
            Training.Compile(net (), Func<_, _, _> crossEntropy, momentum 0.1, options = CompileOptions(FastMath = true)))

        "the data",
        "its training set is 20 x [4,4,1] with SHA-256 ",
        (fun path accept -> train path accept (base' ()) other 6 3UL Scaling.Unit null judged)

        "the labels",
        "its training set is 20 x [4,4,1] with SHA-256 ",
        (fun path accept ->
            let labels = data.Labels.ToArray() |> Array.rev

            let turned =
                Dataset("noise", data.SampleShape, data.Images.ToArray(), labels, data.ClassNames)

            train path accept (base' ()) turned 6 3UL Scaling.Unit null judged)

        "the order's seed",
        "its seed of the batches' order is 3, and here it is 4",
        (fun path accept -> train path accept (base' ()) data 6 4UL Scaling.Unit null judged)

        "the scaling",
        "its scaling of the training set is x / 255, and here it is x / 255 - mean image with SHA-256 ",
        (fun path accept -> train path accept (base' ()) data 6 3UL (Scaling.MeanImage data) null judged)

        "the validation set",
        "its validation set is 9 x [4,4,1] with SHA-256 ",
        (fun path accept -> train path accept (base' ()) data 6 3UL Scaling.Unit null (data.Take 8))
    ]

    testList "what a run is" [
        for name, text, run in changes do
            testCase $"refused by name: {name}"
            <| fun () ->
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "run.ckpt")

                    train path false (base' ()) data 6 3UL Scaling.Unit null judged |> ignore

                    let before = File.ReadAllBytes path
                    let refused = message (fun () -> run path false |> ignore)
                    Expect.stringStarts refused $"checkpoint: {path} must be of this run; " "refused"
                    Expect.stringContains refused text "what differs"
                    Expect.equal (File.ReadAllBytes path) before "the file stays"

                    if not (List.contains name [ "the schedule"; "what is frozen" ]) then
                        let event = run path true |> resumed |> Option.get
                        Expect.stringContains (String.Join("; ", event.Changes)) text "told, where it is accepted")

        testCase "the same program, compiled again, is the same run"
        <| fun () ->
            for program in [ base'; (fun () -> compile crossEntropy (net ()) (Optimiser.Adam 0.01)) ] do
                Expect.sequenceEqual ((program ()).Step.Describe()) ((program ()).Step.Describe()) "the step"
                Expect.sequenceEqual ((program ()).Evaluate.Describe()) ((program ()).Evaluate.Describe()) "the evaluator"

            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")

                for _ in 1..2 do
                    let events = train path false (base' ()) data 6 3UL Scaling.Unit null judged

                    for event in Option.toList (resumed events) do
                        Expect.isTrue event.Changes.IsEmpty "no change")

        testCase "a plateau's decay and patience"
        <| fun () ->
            let program (schedule: PlateauSchedule) =
                compile crossEntropy (net ()) (Optimiser.Momentum(LearningRate schedule))

            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")

                let run (schedule: PlateauSchedule) =
                    train path false (program schedule) data 6 3UL Scaling.Unit schedule judged
                    |> ignore

                run (plateauOf 0.5 1)

                Expect.stringContains
                    (message (fun () -> run (plateauOf 0.25 1)))
                    "its plateau is patience 1, decay 0.5, and here it is patience 1, decay 0.25"
                    "decay"

                Expect.stringContains (message (fun () -> run (plateauOf 0.5 2))) "and here it is patience 2, decay 0.5" "patience")

        testCase "epochs of another number of steps cannot be gone on with"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")

                train path false (base' ()) data 6 3UL Scaling.Unit null judged |> ignore

                Expect.stringContains
                    (message (fun () -> train path true (base' ()) data 7 3UL Scaling.Unit null judged |> ignore))
                    "must be of epochs of as many steps; its have 4, and these 3"
                    "the text")

        testCase "gates, constants, bodies and managed code are told apart"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2; 3 ])

            let lines (y: Expr) =
                List.ofSeq ((Compile.Function(Graph y) :> IFunction).Describe())

            let gate name (factor: float32) =
                Gate.Define(name, (fun (v: float32) -> v * factor + MathF.Tanh v))

            let code name (factor: float) =
                Gate.Custom(
                    TensorRule(
                        name,
                        Infer = (fun types -> types[0]),
                        Evaluate = (fun _ values -> values[0] |> Array.map (fun v -> factor * v)),
                        Vjp = (fun _ dy -> Collections.Immutable.ImmutableArray.Create<Expr | null> dy)
                    )
                )

            let many factor =
                Expr.Literal(shape [ 30 ], Array.init 30 (fun i -> factor * float i))

            let pairs = [
                "a gate's factor", x.Apply(gate "g" 2.0f), x.Apply(gate "g" 3.0f)
                "a gate's name", x.Apply(gate "g" 2.0f), x.Apply(gate "h" 2.0f)
                "a constant", x * 2.0f, x * 3.0f
                "signs of zero", x + Expr.Const 0.0, x + Expr.Const -0.0
                "a short literal",
                x + Expr.Literal(shape [ 1; 3 ], [| 1.0; 2.0; 3.0 |]),
                x + Expr.Literal(shape [ 1; 3 ], [| 1.0; 2.0; 4.0 |])
                "a long literal", x.Sum() + (many 1.0).Sum(), x.Sum() + (many 2.0).Sum()
                "an axis", x.Sum 0, x.Sum 1
                "a slice", x.Slice(1, 0, 2), x.Slice(1, 1, 2)
                "a checkpoint's body", x.Checkpoint(fun v -> v.Exp() * 2.0f), x.Checkpoint(fun v -> v.Exp() * 3.0f)
                "captured numbers", (code "c" 2.0).Of(x), (code "c" 3.0).Of(x)
            ]

            for name, a, b in pairs do
                Expect.equal (lines a) (lines a) name
                Expect.notEqual (lines a) (lines b) name
    ]

/// A file that is known to be torn never becomes the one before.
let private spares =
    let oneMore program path =
        // goes on, and crashes after the next writing
        run
            program
            9UL
            (CheckpointOptions(path, everySteps = Nullable 1))
            3
            (fun step ->
                if step = 8L then
                    raise Crash)
            CancellationToken.None
        |> ignore

    testList "the one before" [
        testCase "a torn file is not kept, however it is torn"
        <| fun () ->
            let tearings: (string * (byte[] -> byte[])) list = [
                "emptied", (fun _ -> [||])
                "cut", Array.truncate 1000
                "a bit", (fun bytes -> Array.updateAt (bytes.Length / 2) (bytes[bytes.Length / 2] ^^^ 1uy) bytes)
                "others' text", (fun _ -> "text"B)
            ]

            for name, tear in tearings do
                withTwo (fun program path ->
                    File.WriteAllBytes(path, tear (File.ReadAllBytes path))
                    oneMore program path
                    use before = Checkpoint.Read(path + ".previous")
                    Expect.equal before.Steps 6L $"{name}: the one that was gone on from stays"
                    use last = Checkpoint.Read path
                    Expect.isNull last.Refused $"{name}: the newest is whole"
                    Expect.equal last.Steps 7L $"{name}: the newest")

        testCase "torn while the run goes on, it is not kept either"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")

                run
                    (snd programs[1]).Value
                    1UL
                    (CheckpointOptions(path, everySteps = Nullable 1))
                    3
                    (fun step ->
                        if step = 5L then
                            File.WriteAllText(path, "torn by someone")

                        if step = 6L then
                            raise Crash)
                    CancellationToken.None
                |> ignore

                use newest = Checkpoint.Read path
                use before = Checkpoint.Read(path + ".previous")
                Expect.equal (newest.Steps, before.Steps) (5L, 3L) "the fourth is gone, the third stays")

        testCase "begun anew, the old run is no one before"
        <| fun () ->
            withTwo (fun program path ->
                let again = CheckpointOptions(path, everySteps = Nullable 1, Resume = false)

                let crashAt at =
                    run
                        program
                        1UL
                        again
                        3
                        (fun step ->
                            if step = at then
                                raise Crash)
                        CancellationToken.None
                    |> ignore

                crashAt 1L
                use old = Checkpoint.Read path
                Expect.equal old.Steps 7L "until it writes, the old run stands"
                crashAt 2L
                use fresh = Checkpoint.Read path
                Expect.equal fresh.Steps 1L "the new one"
                Expect.isFalse (File.Exists(path + ".previous")) "and nothing of the old")

        testCase "a checkpoint by hand, with a right checksum, is held to what a run can be"
        <| fun () ->
            withTwo (fun _ path ->
                let original = Safetensors.ReadMetadata path

                let refused (change: string -> string) =
                    use state = Safetensors.Read path
                    let facts = change original["run"]
                    Expect.notEqual facts original["run"] "it is changed"
                    let forged = Path.Combine(nonNull (Path.GetDirectoryName path), "forged.ckpt")
                    let zeros = String('0', 64)

                    let texts =
                        dict [ "sha256", zeros; "format", original["format"]; "run", facts; "identity", original["identity"] ]
                        |> Dictionary

                    use bytes = new MemoryStream()
                    // the checksum comes first, as the format has it: texts are written in the order of a dictionary
                    Safetensors.Write(bytes, state, texts)
                    let all = bytes.ToArray()
                    let at = Text.Encoding.ASCII.GetString(all).IndexOf(zeros, StringComparison.Ordinal)
                    let sum = Convert.ToHexStringLower(Security.Cryptography.SHA256.HashData all)
                    Text.Encoding.ASCII.GetBytes(sum).CopyTo(all, at)
                    File.WriteAllBytes(forged, all)
                    let text = message (fun () -> (Checkpoint.Read forged).Dispose())
                    Expect.stringStarts text $"checkpoint: {forged} must be whole; expected facts" facts

                for from, too in
                    [
                        "\"Epochs\":[", "\"Epochs\":null,\"x\":["
                        "\"Epochs\":[", "\"Epochs\":[null,"
                        "\"Steps\":7", "\"Steps\":-7"
                        "\"Steps\":7", "\"Steps\":700"
                        "\"Steps\":7", "\"Steps\":4"
                        "\"Steps\":7", "\"Steps\":1e999"
                        "\"Steps\":7,", ""
                        "\"StepsPerEpoch\":4", "\"StepsPerEpoch\":0"
                        "\"StepsPerEpoch\":4", "\"StepsPerEpoch\":5"
                        "\"BatchSize\":6", "\"BatchSize\":0"
                        "\"Examples\":20", "\"Examples\":-1"
                        "\"BestEpoch\":1", "\"BestEpoch\":2"
                        "\"BestEpoch\":1", "\"BestEpoch\":null"
                        "\"Epoch\":1,", "\"Epoch\":3,"
                        "\"Elapsed\":\"", "\"Elapsed\":\"-"
                    ] do
                    if original["run"].Contains from then
                        refused (fun facts -> facts.Replace(from, too)))
    ]

/// Cancelled at each step of a run that goes bad at one of them.
let private cancelled =
    testCase "a cancelled run's last update is judged"
    <| fun () ->
        for at in 0..7 do
            for cancelAt in 1L .. 8L do
                let step, judge = breaking (float32 at)
                use state = ModelState.Initialise([ Expr.Parameter("w", Shape.Scalar) ], 1UL)
                use batches = new Batches(data, 6, seed = 3UL)
                use source = new CancellationTokenSource()

                let recorder =
                    Recorder(fun step ->
                        if step = cancelAt then
                            source.Cancel())

                let train () =
                    Trainer(step, judge, TrainingOptions(Epochs = 2))
                        .Train(state, batches, progress = recorder, cancellation = source.Token)

                if cancelAt > int64 at then
                    Expect.throwsT<TrainingException> (fun () -> train () |> ignore) $"bad at {at}, cancelled at {cancelAt}"
                else
                    Expect.equal
                        (train ()).Reason
                        (if cancelAt < 8L then
                             StopReason.Cancelled
                         else
                             StopReason.Completed)
                        "good"

                Expect.isTrue (Single.IsFinite(state["w"].AsSpan<float32>()[0])) "never handed back bad"

/// Starts the program that trains, and kills it once it has told of so many steps, if it does; tells whether it ended.
let private child path killAt (delay: int) =
    let program = Path.Combine(AppContext.BaseDirectory, "Cv.Killed.dll")

    let start =
        ProcessStartInfo("dotnet", [ "exec"; program; path ], RedirectStandardOutput = true)

    use running = nonNull (Process.Start start)
    let mutable seen = 0
    let mutable line = running.StandardOutput.ReadLine()
    let mutable over = false

    while not (isNull line) do
        over <- over || line = "over"
        seen <- seen + 1

        if seen = killAt && not over then
            Thread.Sleep delay
            running.Kill() // SIGKILL: no handler, no finally

        line <- running.StandardOutput.ReadLine()

    running.WaitForExit()
    over

/// How many kills, and their seed: CVDSL_KILLS=1000 for the long run.
let private kills =
    match Environment.GetEnvironmentVariable "CVDSL_KILLS" with
    | null
    | "" -> 6
    | text -> int text

let private killed =
    testCase "killed by the system at any moment, with torn files in between, it ends as it would have"
    <| fun () ->
        inFolder (fun folder ->
            let straight = Path.Combine(folder, "straight.ckpt")
            Cv.Killed.Program.Train(straight, null)
            use expected = Checkpoint.Read straight
            let random = Random 20261128
            let path = Path.Combine(folder, "killed.ckpt")
            let mutable torn, ended, reached = 0, 0, 0L

            let check () =
                use actual = Checkpoint.Read path
                Expect.equal (actual.Steps, expected.Steps) (32L, 32L) "steps"
                sameContents (contents actual.State) (contents expected.State) "state"
                sameContents (contents (nonNull actual.Best)) (contents (nonNull expected.Best)) "best"

                Expect.equal
                    (actual.Epochs |> Seq.cast |> List.ofSeq |> figures)
                    (expected.Epochs |> Seq.cast |> List.ofSeq |> figures)
                    "epochs"

                ended <- ended + 1

            for kill in 1..kills do
                let over = child path (1 + random.Next 6) (random.Next 4)

                if File.Exists path || File.Exists(path + ".previous") then
                    use whole = Checkpoint.Read path
                    // the last writing may have been under way
                    Expect.isGreaterThanOrEqual whole.Steps (reached - 1L) $"kill {kill}: nothing is lost"
                    reached <- whole.Steps

                    if over then
                        check ()

                        for file in Directory.GetFiles(folder, "*killed.ckpt*") do
                            File.Delete file

                        reached <- 0L
                    // only where there are two: a torn file without another is an error that is told
                    elif
                        isNull whole.Refused
                        && File.Exists path
                        && File.Exists(path + ".previous")
                        && random.Next 3 = 0
                    then
                        tear path (PositiveInt(1 + random.Next 100_000)) (byte (random.Next 256))
                        use other = Checkpoint.Read path
                        Expect.isNotNull other.Refused $"kill {kill}: the torn file is told"
                        Expect.isGreaterThanOrEqual other.Steps (reached - 2L) $"kill {kill}: and the one before is whole"
                        reached <- other.Steps
                        torn <- torn + 1

                if kill % 100 = 0 then
                    eprintfn $"{kill} kills, {torn} files torn in between, {ended} runs ended to the bit"

            let mutable tries = 0

            while not (child path -1 0) && tries < 2 do
                tries <- tries + 1

            check ()

            if kills > 100 then
                eprintfn $"{kills} kills, {torn} files torn in between, {ended} runs ended to the bit")

[<Tests>]
// One by one: they share compiled programs, which are for one thread at a time
let tests =
    testSequenced (testList "RunCheckpoints" [ resuming; torn; mistakes; identity; spares; cancelled; killed ])
