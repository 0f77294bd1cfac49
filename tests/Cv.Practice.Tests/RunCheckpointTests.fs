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
                    [ "run.ckpt"; "run.ckpt.previous" ]
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
                File.Move(path, path + ".unfinished")
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

                    let options =
                        TrainingOptions(Epochs = 3, Patience = patience, Checkpoint = CheckpointOptions path)

                    let text =
                        message (fun () ->
                            Trainer(program.Step, program.Evaluate, options).Train(state, batches, batches)
                            |> ignore)

                    text.Replace(path, "FILE")

                Expect.equal
                    (train program 7 (Nullable 3UL) (Nullable 3))
                    "checkpoint: FILE must be of this run; its data are 20 examples in batches of 6, seed 3, and these 20 examples in batches of 7, seed 3. Delete it to begin anew."
                    "other batches"

                Expect.stringContains
                    (train program 6 (Nullable 4UL) (Nullable 3))
                    "and these 20 examples in batches of 6, seed 4."
                    "another seed"

                Expect.stringStarts
                    (train (snd programs[0]).Value 6 (Nullable 3UL) (Nullable 3))
                    "checkpoint: FILE must be of this model and optimiser; state: both states must hold the same tensors; "
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
                "checkpoint: none/run.ckpt: expected a place to write to, found: "
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

let private killed =
    testCase "killed by the system, three times, it ends as it would have"
    <| fun () ->
        inFolder (fun folder ->
            let path = Path.Combine(folder, "killed.ckpt")

            for killAt, delay in [ 3, 0; 5, 3; 7, 1 ] do
                Expect.isFalse (child path killAt delay) "killed before its end"
                use reached = Checkpoint.Read path
                Expect.isLessThan reached.Steps 32L "not over"

            Expect.isTrue (child path -1 0) "ended"
            let straight = Path.Combine(folder, "straight.ckpt")
            Cv.Killed.Program.Train(straight, null)
            use actual = Checkpoint.Read path
            use expected = Checkpoint.Read straight
            Expect.equal (actual.Steps, expected.Steps) (32L, 32L) "steps"
            sameContents (contents actual.State) (contents expected.State) "state"
            sameContents (contents (nonNull actual.Best)) (contents (nonNull expected.Best)) "best"

            Expect.equal
                (actual.Epochs |> Seq.cast |> List.ofSeq |> figures)
                (expected.Epochs |> Seq.cast |> List.ofSeq |> figures)
                "epochs")

[<Tests>]
// One by one: they share compiled programs, which are for one thread at a time
let tests =
    testSequenced (testList "RunCheckpoints" [ resuming; torn; mistakes; killed ])
