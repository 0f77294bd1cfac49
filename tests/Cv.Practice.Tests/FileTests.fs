/// Files that several write, places that nothing can be written to or read from, and disks that fail at any moment.
module Cv.Tests.FileTests

open System
open System.Collections.Generic
open System.Collections.Immutable
open System.Diagnostics
open System.IO
open System.Threading
open System.Threading.Tasks
open Cv.Compiler
open Cv.Dsl
open Cv.Practice
open Cv.Reporting
open Cv.Runtime
open Cv.Tests.Generators
open Cv.Tests.DataFiles
open Cv.Tests.States
open Expecto

let private state (values: float32 list) =
    new ModelState([ KeyValuePair("w", Tensor.From(shape [ values.Length ], Array.ofList values)) ])

let private shell (command: string) =
    use running = nonNull (Process.Start(ProcessStartInfo("sh", [ "-c"; command ])))

    running.WaitForExit()
    Expect.equal running.ExitCode 0 command

/// A step that moves one weight towards the sum of what it saw, as a whole number.
let private counting = {
    new IFunction with
        member _.Inputs = [||]
        member _.FirstNonFinite(_, _) = null

        member _.Call(state, _) =
            let w = state["w"].AsSpan<float32>()
            w[0] <- w[0] + 1.0f
            [| Tensor.Scalar 0.5f |]
}

let private judging = {
    new IFunction with
        member _.Inputs = [||]
        member _.FirstNonFinite(_, _) = null
        member _.Call(_, _) = [| Tensor.Scalar 0.5f |]
}

let private examples =
    Dataset("dots", shape [ 1; 1; 1 ], Array.init 6 byte, Array.init 6 (fun i -> byte (i % 2)), ImmutableArray.Create("a", "b"))

type private Listener(act: TrainingEvent -> unit) =
    interface IProgress<TrainingEvent> with
        member _.Report event = act event

/// Three epochs of three steps with a checkpoint after each step.
let private train (path: string) (act: TrainingEvent -> unit) =
    use state = state [ 0.0f ]
    use batches = new Batches(examples, 2, seed = 1UL)

    let options =
        TrainingOptions(Epochs = 3, Checkpoint = CheckpointOptions(path, everySteps = Nullable 1))

    Trainer(counting, judging, options).Train(state, batches, progress = Listener act)
    |> ignore

let private space = SearchSpace(Setting.Uniform("rate", 0.0, 1.0))

let private search (path: string) (count: int) (score: Trial -> float) =
    Search.Random(space, count, Func<_, _> score, SearchOptions(Journal = path))

/// Everything that writes a file, with the error that its documentation names.
let private writers: (string * (string -> unit) * Type) list = [
    "safetensors",
    (fun path ->
        use state = state [ 1.0f; 2.0f ]
        Safetensors.Write(path, state)),
    typeof<DataException>
    "npz",
    (fun path ->
        use state = state [ 1.0f; 2.0f ]
        Npz.Write(path, state)),
    typeof<DataException>
    "report", (fun path -> Report.Write(path, RunRecorder "run")), typeof<DataException>
    "journal", (fun path -> search path 2 (fun trial -> trial["rate"]) |> ignore), typeof<DataException>
    "checkpoint", (fun path -> train path ignore), typeof<CheckpointException>
]

/// Everything that reads a file.
let private readers: (string * (string -> unit) * Type) list = [
    "safetensors", (fun path -> (Safetensors.Read path).Dispose()), typeof<DataException>
    "safetensors' texts", (fun path -> Safetensors.ReadMetadata path |> ignore), typeof<DataException>
    "npz", (fun path -> (Npz.Read path).Dispose()), typeof<DataException>
    "checkpoint", (fun path -> (Checkpoint.Read path).Dispose()), typeof<CheckpointException>
    "idx images", (fun path -> Idx.Read(path, path, "set", Mnist.ClassNames) |> ignore), typeof<DataException>
    "idx folder", (fun path -> Mnist.Read path |> ignore), typeof<DataException>
    "cifar10 folder", (fun path -> Cifar10.Read path |> ignore), typeof<DataException>
    "journal", (fun path -> search path 2 (fun trial -> trial["rate"]) |> ignore), typeof<DataException>
]

/// Runs what must end by itself: what waits for a pipe's other end would wait for ever.
let private ends (name: string) (act: unit -> 'a) =
    let running = Task.Run act

    if not (running.Wait(TimeSpan.FromSeconds 60.0)) then
        failtest $"{name} does not end"

    running.Result

let private errorOf name (act: unit -> unit) =
    ends name (fun () ->
        try
            act ()
            None
        with ex ->
            Some ex)

/// Places where no file can be written, made in a folder, and whether there is anything to read.
let private badPlaces: (string * (string -> string)) list = [
    "a missing folder", (fun folder -> Path.Combine(folder, "none", "a"))
    "a folder",
    (fun folder ->
        let path = Path.Combine(folder, "a")
        Directory.CreateDirectory path |> ignore
        path)
    "a file as a folder",
    (fun folder ->
        File.WriteAllText(Path.Combine(folder, "file"), "text")
        Path.Combine(folder, "file", "a"))
    "a name too long", (fun folder -> Path.Combine(folder, String('n', 300)))
    "no path", (fun _ -> "")
    "a zero in the path", (fun folder -> Path.Combine(folder, "a\000b"))
    "links in a circle",
    (fun folder ->
        let a, b = Path.Combine(folder, "a"), Path.Combine(folder, "b")
        File.CreateSymbolicLink(a, b) |> ignore
        File.CreateSymbolicLink(b, a) |> ignore
        a)
    if not (OperatingSystem.IsWindows()) then
        "a pipe",
        (fun folder ->
            let path = Path.Combine(folder, "a")
            shell $"mkfifo {path}"
            path)

        "a link to a pipe",
        (fun folder ->
            shell $"mkfifo {folder}/pipe && ln -s pipe {folder}/a"
            Path.Combine(folder, "a"))

        for device in [ "full"; "null"; "zero" ] do
            $"a link to the device {device}",
            (fun folder ->
                shell $"ln -s /dev/{device} {folder}/a"
                Path.Combine(folder, "a"))
]

let private listing folder =
    Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories)
    |> Array.filter (fun file -> not (file.EndsWith ".lock"))
    |> Array.sort

let private places =
    testList "places that are none" [
        for where, make in badPlaces do
            for name, write, documented in writers do
                // no path at all is a mistake of the options
                let kind =
                    if name = "checkpoint" && where = "no path" then
                        typeof<ArgumentException>
                    else
                        documented

                testCase $"{name} cannot be written: {where}"
                <| fun () ->
                    inFolder (fun folder ->
                        let path = make folder
                        let before = listing folder

                        match errorOf name (fun () -> write path) with
                        | None -> failtest "written"
                        | Some ex ->
                            Expect.equal (ex.GetType()) kind $"{ex}"
                            Expect.isGreaterThan ex.Message.Length 40 "says what was expected"

                        Expect.equal (listing folder) before "nothing is made, nothing is gone")

            for name, read, kind in readers do
                testCase $"{name} cannot be read: {where}"
                <| fun () ->
                    inFolder (fun folder ->
                        let path = make folder
                        let before = listing folder

                        match errorOf name (fun () -> read path) with
                        | None -> failtest "read"
                        | Some ex -> Expect.equal (ex.GetType()) kind $"{ex}"

                        Expect.equal (listing folder) before "nothing is made, nothing is gone")

            testCase $"the tuner does without its file: {where}"
            <| fun () ->
                inFolder (fun folder ->
                    let path = make folder
                    let before = listing folder

                    let chosen =
                        ends "the tuner" (fun () ->
                            Tuner.At(path).Choose($"key {folder}", [| "a"; "b" |], Func<_, _> id, Func<_, _>(fun _ -> 1.0)))

                    Expect.equal chosen "a" "chosen"

                    // it makes a folder that is missing
                    if where <> "a missing folder" then
                        Expect.equal (listing folder) before "nothing is made, nothing is gone")

        for name, read, kind in readers do
            if name <> "journal" then
                testCase $"{name}: an empty file"
                <| fun () ->
                    inFolder (fun folder ->
                        let path = Path.Combine(folder, "a")
                        File.WriteAllBytes(path, [||])

                        match errorOf name (fun () -> read path) with
                        | None -> failtest "read"
                        | Some ex -> Expect.equal (ex.GetType()) kind $"{ex}")

        testCase "a folder that snapshots cannot make"
        <| fun () ->
            inFolder (fun folder ->
                let file = Path.Combine(folder, "file")
                File.WriteAllText(file, "text")
                use state = state [ 1.0f ]
                Expect.throwsT<DataException> (fun () -> Snapshots(state, 1L, folder = file) |> ignore) "a file is there"
                Expect.throwsT<DataException> (fun () -> Snapshots(state, 1L, folder = Path.Combine(file, "a")) |> ignore) "and above")
    ]

let private atomic =
    testList "whole files" [
        testCase "a link stays a link, and what it leads to is written"
        <| fun () ->
            for name, write, _ in writers do
                inFolder (fun folder ->
                    let target, link = Path.Combine(folder, "target"), Path.Combine(folder, "link")
                    File.CreateSymbolicLink(link, target) |> ignore
                    write link
                    Expect.equal (FileInfo(link).LinkTarget) target $"{name}: the link"
                    Expect.isGreaterThan (FileInfo(target).Length) 0L $"{name}: the target")

        testCase "permissions stay"
        <| fun () ->
            if not (OperatingSystem.IsWindows()) then
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "a.npz")
                    use state = state [ 1.0f ]
                    state.Save path
                    let mode = UnixFileMode.UserRead ||| UnixFileMode.UserWrite
                    File.SetUnixFileMode(path, mode)
                    state.Save path
                    Expect.equal (File.GetUnixFileMode path) mode "the owner's alone")

        testCase "what dead writers left goes, and nothing else"
        <| fun () ->
            inFolder (fun folder ->
                let file name =
                    let path = Path.Combine(folder, name)
                    File.WriteAllText(path, name)
                    path

                let dead = file $".a.npz.{String('0', 32)}.unfinished"

                let others = [
                    file $".b.npz.{String('0', 32)}.unfinished"
                    file $".a.npz.{String('g', 32)}.unfinished"
                    file ".a.npz.0.unfinished"
                    file "a.npz.unfinished"
                    file "a.npz.part"
                ]

                let outside = file "outside"
                let link = Path.Combine(folder, $".a.npz.{String('1', 32)}.unfinished")
                File.CreateSymbolicLink(link, outside) |> ignore
                use state = state [ 1.0f ]
                state.Save(Path.Combine(folder, "a.npz"))
                Expect.isFalse (File.Exists dead) "the leftover is gone"

                for other in outside :: others do
                    Expect.equal (File.ReadAllText other) (nonNull (Path.GetFileName other)) other

                Expect.isNotNull (FileInfo(link).LinkTarget) "a link is no leftover")

        testCase "two write one file: both end, neither takes the other's away"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a")
                let outer, inner = [| 1uy; 2uy |], [| 3uy |]

                AtomicFile.Write(
                    path,
                    fun stream ->
                        AtomicFile.Write(path, (fun other -> other.Write inner))
                        Expect.equal (File.ReadAllBytes path) inner "the inner one stands"
                        stream.Write outer
                )

                Expect.equal (File.ReadAllBytes path) outer "the last one stands"
                Expect.equal (listing folder) [| path |] "nothing is left")

        testCase "sixteen threads write one file: it is always whole"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a")

                let write (i: int) =
                    AtomicFile.Write(path, (fun stream -> stream.Write(ReadOnlySpan(Array.create 5000 (byte i)))))
                    let read = File.ReadAllBytes path
                    Expect.isTrue (read.Length = 5000 && Array.forall ((=) read[0]) read) "of one writer"

                Parallel.For(0, 200, ParallelOptions(MaxDegreeOfParallelism = 16), write)
                |> ignore

                Expect.equal (listing folder) [| path |] "nothing is left")
    ]

/// A disk that writes down what is asked of it, and breaks down at one of the calls.
type private Failing(failAt: int) =
    inherit Disk()
    let calls = List<string>()

    let call name =
        calls.Add name

        if calls.Count = failAt then
            raise (IOException $"disk failed at {name}")

    member _.Calls = List.ofSeq calls
    member _.Call name = call name

    override this.Create path =
        call "create"
        new FailingFile(this, path, FileMode.CreateNew)

    override this.OpenToAppend path =
        call "open"
        new FailingFile(this, path, FileMode.OpenOrCreate)

    override _.Move(from, toPath) =
        call "move"
        base.Move(from, toPath)

    // what failed can be cleaned up: if not, the next writer does
    override _.Delete path = base.Delete path

and private FailingFile(disk: Failing, path: string, mode: FileMode) =
    inherit
        FileStream(
            path,
            mode,
            (if mode = FileMode.CreateNew then
                 FileAccess.Write
             else
                 FileAccess.ReadWrite),
            FileShare.Delete,
            0
        )

    override _.Write(buffer: byte[], offset: int, count: int) =
        disk.Call "write"
        base.Write(buffer, offset, count)

    override _.Flush(toDisk: bool) =
        if toDisk then
            disk.Call "flush"

        base.Flush toDisk

/// Runs on a disk that fails at a call; 0 for none.
let private onDisk failAt act =
    let disk, real = Failing failAt, Disk.Current

    let error =
        try
            Disk.Current <- disk

            try
                act ()
                None
            with ex ->
                Some ex
        finally
            Disk.Current <- real

    disk.Calls, error

let private disks =
    testList "disks" [
        testCase "flushed to the disk before it takes its name"
        <| fun () ->
            inFolder (fun folder ->
                for name, write, _ in writers do
                    if name <> "journal" && name <> "checkpoint" then
                        let calls, error = onDisk 0 (fun () -> write (Path.Combine(folder, "a")))

                        Expect.isNone error name
                        Expect.equal (List.distinct calls) [ "create"; "write"; "flush"; "move" ] name

                let calls, _ = onDisk 0 (fun () -> train (Path.Combine(folder, "run.ckpt")) ignore)

                let saved =
                    String.Join(' ', calls).Split("create", StringSplitOptions.RemoveEmptyEntries)

                for i, one in Seq.indexed saved do
                    let moves = if i = 0 then "move" else "move move"
                    Expect.stringEnds (one.TrimEnd()) $"write flush {moves}" $"checkpoint {i}")

        testCase "a journal's line is flushed to the disk each"
        <| fun () ->
            inFolder (fun folder ->
                let calls, _ =
                    onDisk 0 (fun () -> search (Path.Combine(folder, "a")) 3 (fun trial -> trial["rate"]) |> ignore)

                Expect.equal calls ("open" :: List.concat (List.replicate 4 [ "write"; "flush" ])) "a header and three trials")

        for name, write, kind in writers do
            testCase $"{name}: the disk fails at any call, and nothing is lost"
            <| fun () ->
                inFolder (fun folder ->
                    let path = Path.Combine(folder, "a")
                    write path
                    let before = File.ReadAllBytes path
                    let calls, _ = onDisk 0 (fun () -> write (Path.Combine(folder, "all")))

                    for failAt in 1 .. calls.Length do
                        let fresh = Path.Combine(folder, $"fresh{failAt}")
                        let made, error = onDisk failAt (fun () -> write fresh)

                        match error with
                        | None -> failtest $"{name} does not tell that {List.last made} failed"
                        | Some ex -> Expect.equal (ex.GetType()) kind $"{ex}"

                        // it goes on where it was
                        write fresh
                        Expect.isNone (onDisk 0 (fun () -> write fresh) |> snd) "written again"

                        if name <> "journal" && name <> "checkpoint" then
                            File.WriteAllBytes(path, before)
                            onDisk failAt (fun () -> write path) |> ignore
                            Expect.equal (File.ReadAllBytes path) before "the old file stands"

                    Expect.isEmpty (Directory.GetFiles(folder, "*.unfinished")) "nothing is left")

        testCase "a full disk in the middle of a checkpoint leaves a whole one"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let calls, _ = onDisk 0 (fun () -> train (Path.Combine(folder, "all")) ignore)

                for failAt in 1 .. calls.Length do
                    let path = $"{path}{failAt}"
                    let told = ref 0L

                    onDisk failAt (fun () ->
                        train path (function
                            | :? StepTaken as step -> told.Value <- step.Step
                            | _ -> ()))
                    |> ignore

                    if told.Value > 1L then
                        use read = Checkpoint.Read path
                        // the step that was told is the one whose writing failed
                        Expect.isGreaterThanOrEqual read.Steps (told.Value - 1L) $"failed at {failAt}: the last whole one"
                        Expect.equal (read.State["w"].Item()) (float read.Steps) "its weights")
    ]

let private refusedAs<'kind when 'kind :> exn> act text =
    Expect.throwsC act (fun ex ->
        Expect.equal (ex.GetType()) typeof<'kind> $"{ex}"
        Expect.stringContains ex.Message text "the text")

let private locks =
    testList "locks" [
        testCase "two runs on one checkpoint: the second is refused, the first goes on"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                let link = Path.Combine(folder, "link.ckpt")
                File.CreateSymbolicLink(link, path) |> ignore
                let linked = Path.Combine(folder, "other")
                Directory.CreateSymbolicLink(linked, folder) |> ignore
                let told = ref 0

                train path (function
                    | :? StepTaken ->
                        told.Value <- told.Value + 1

                        for same in [ path; link; Path.Combine(linked, "run.ckpt"); Path.Combine(folder, ".", "x", "..", "run.ckpt") ] do
                            refusedAs<CheckpointException> (fun () -> train same ignore) "another process is writing"
                    | _ -> ())

                Expect.equal told.Value 9 "all steps"
                use read = Checkpoint.Read path
                Expect.equal (read.Steps, read.State["w"].Item()) (9L, 9.0) "to its end"
                // and once it is over, the next may
                train path ignore)

        testCase "another process is kept out, too"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "run.ckpt")
                use held = FileLock.Take path
                let program = Path.Combine(AppContext.BaseDirectory, "Cv.Killed.dll")

                let start =
                    ProcessStartInfo("dotnet", [ "exec"; program; path ], RedirectStandardOutput = true, RedirectStandardError = true)

                use running = nonNull (Process.Start start)
                let output = running.StandardOutput.ReadToEndAsync()
                let error = running.StandardError.ReadToEnd()
                running.WaitForExit()
                Expect.notEqual running.ExitCode 0 "it ends with an error"
                Expect.stringContains error "another process is writing" "the error"
                Expect.equal output.Result "" "no step")

        testCase "two searches on one journal: the second is refused, no trial is lost"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.jsonl")

                let result =
                    search path 4 (fun trial ->
                        refusedAs<DataException> (fun () -> search path 40 (fun _ -> 1.0) |> ignore) "another process is writing"
                        trial["rate"])

                Expect.hasLength result.Trials 4 "all trials"
                let again = search path 4 (fun _ -> failtest "run again")
                Expect.equal again.Resumed 4 "all in the journal")

        testCase "searches side by side: forty trials, and none is lost"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.jsonl")
                let done' = ref 0

                let tryAll _ =
                    try
                        search path 40 (fun trial ->
                            Interlocked.Increment done' |> ignore
                            trial["rate"])
                        |> ignore
                    with :? DataException ->
                        ()

                Parallel.For(0, 8, tryAll) |> ignore
                let again = search path 40 (fun _ -> failtest "run again")
                Expect.equal (again.Resumed, done'.Value) (40, 40) "each trial once")

        testCase "a lock that is a link, a folder or a pipe"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.jsonl")
                let lock = path + ".lock"
                let elsewhere = Path.Combine(folder, "elsewhere")

                let tryIt text =
                    refusedAs<DataException> (fun () -> search path 2 (fun _ -> 1.0) |> ignore) text

                File.CreateSymbolicLink(lock, elsewhere) |> ignore
                tryIt "found a link"
                Expect.isFalse (File.Exists elsewhere) "nothing is made elsewhere"
                File.Delete lock
                Directory.CreateDirectory lock |> ignore
                tryIt "expected a place for its lock"
                Directory.Delete lock

                if not (OperatingSystem.IsWindows()) then
                    shell $"mkfifo {lock}"
                    ends "a search" (fun () -> tryIt "found a pipe")
                    File.Delete lock

                search path 2 (fun _ -> 1.0) |> ignore)

        testCase "a lock that was left over locks no one out"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a.jsonl")
                File.WriteAllText(path + ".lock", "")
                search path 2 (fun _ -> 1.0) |> ignore
                search path 3 (fun _ -> 1.0) |> ignore)

        testCase "tuners of eight processes write one file, and every choice is kept"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "tiles.json")

                let tune (number: int) =
                    let tuner = Tuner.OfAnotherProcess path

                    for i in 0..9 do
                        tuner.Choose($"{number} {i}", [| "a"; "b" |], Func<_, _> id, Func<_, _>(fun _ -> 1.0))
                        |> ignore

                Parallel.For(0, 8, tune) |> ignore
                let kept = Tuner.Load path

                Expect.equal
                    (Set.ofSeq kept.Keys)
                    (Set.ofList [
                        for n in 0..7 do
                            for i in 0..9 -> $"{n} {i}"
                    ])
                    "all keys"

                Expect.equal (Array.length (listing folder)) 1 "one file")
    ]

let private journals =
    let header path = (File.ReadAllLines path)[0]

    let refusedLine (line: string) text =
        inFolder (fun folder ->
            let path = Path.Combine(folder, "a.jsonl")

            let space =
                SearchSpace(
                    Setting.Choice("gate", "relu", "tanh"),
                    Setting.Integer("hidden", 1, 4),
                    Setting.Uniform("rate", 0.0, 1.0),
                    Setting.Choice("k", 1.0, 3.0)
                )

            let run () =
                Search.Random(space, 1, Func<_, _>(fun _ -> 1.0), SearchOptions(Journal = path))

            run () |> ignore
            let whole = File.ReadAllText path
            let spoilt = header path + "\n" + line + "\n"
            File.WriteAllText(path, spoilt)
            refusedAs<DataException> (fun () -> run () |> ignore) "at line 2: expected a trial, found "
            refusedAs<DataException> (fun () -> run () |> ignore) text
            Expect.equal (File.ReadAllText path) spoilt "the file stays"
            File.WriteAllText(path, whole)
            Expect.equal (run ()).Resumed 1 "the right one is read")

    let line settings score outcome reports seconds =
        $"""{{"Trial":1,"Budget":1,"Settings":{settings},"Score":{score},"Outcome":{outcome},"Reports":{reports},"Seconds":{seconds}}}"""

    let good = "[0,2,0.5,3]"

    testList "journals" [
        for name, text, expected in
            [
                "a choice out of range", line "[2,2,0.5,3]" "1" "\"Completed\"" "[]" "1", "no value of gate"
                "a choice below range", line "[-1,2,0.5,3]" "1" "\"Completed\"" "[]" "1", "no value of gate"
                "a choice between two", line "[0.5,2,0.5,3]" "1" "\"Completed\"" "[]" "1", "no value of gate"
                "a number that is no choice", line "[0,2,0.5,2]" "1" "\"Completed\"" "[]" "1", "no value of k"
                "a whole number that is none", line "[0,2.5,0.5,3]" "1" "\"Completed\"" "[]" "1", "no value of hidden"
                "a number out of range", line "[0,2,1.5,3]" "1" "\"Completed\"" "[]" "1", "no value of rate"
                "an endless number", line "[0,2,1e999,3]" "1" "\"Completed\"" "[]" "1", "no value of rate"
                "too few settings", line "[0,2,0.5]" "1" "\"Completed\"" "[]" "1", "4 settings"
                "settings that are null", line "null" "1" "\"Completed\"" "[]" "1", "Settings"
                "a setting that is null", line "[0,2,null,3]" "1" "\"Completed\"" "[]" "1", "null"
                "an endless score", line good "1e999" "\"Completed\"" "[]" "1", "a score is a finite number"
                "a score below all", line good "-1e999" "\"Completed\"" "[]" "1", "a score is a finite number"
                "a completed trial without a score", line good "null" "\"Completed\"" "[]" "1", "has a score"
                "a stopped trial without a score", line good "null" "\"Stopped\"" "[]" "1", "has a score"
                "a failed trial with a score", line good "1" "\"Failed\"" "[]" "1", "has no score"
                "an endless report", line good "1" "\"Completed\"" "[1e999]" "1", "a report is a finite number"
                "reports that are null", line good "1" "\"Completed\"" "null" "1", "Reports"
                "negative seconds", line good "1" "\"Completed\"" "[]" "-1", "seconds are a time"
                "endless seconds", line good "1" "\"Completed\"" "[]" "1e999", "seconds are a time"
                "seconds past any time", line good "1" "\"Completed\"" "[]" "1e300", "seconds are a time"
                "an outcome by its number", line good "1" "\"0\"" "[]" "1", "an outcome is"
                "two outcomes", line good "1" "\"Completed, Failed\"" "[]" "1", "an outcome is"
                "an outcome that is null", line good "1" "null" "[]" "1", "Outcome"
                "an unknown outcome", line good "1" "\"Won\"" "[]" "1", "an outcome is"
                "a trial of number 0", (line good "1" "\"Completed\"" "[]" "1").Replace("\"Trial\":1", "\"Trial\":0"), "trials count from 1"
                "a budget of 0", (line good "1" "\"Completed\"" "[]" "1").Replace("\"Budget\":1", "\"Budget\":0"), "a budget is"
                "an endless budget", (line good "1" "\"Completed\"" "[]" "1").Replace("\"Budget\":1", "\"Budget\":1e999"), "a budget is"
                "a score twice", (line good "1" "\"Completed\"" "[]" "1").Replace("\"Score\":1", "\"Score\":1,\"Score\":2"), "Score"
                "a word that is none of it",
                (line good "1" "\"Completed\"" "[]" "1").Replace("\"Score\":1", "\"Score\":1,\"More\":2"),
                "More"
                "a blank line", "", "expected a trial"
                "a list", "[]", "expected a trial"
                "a very long word", "\"" + String('x', 100_000) + "\"", "xxx..."
            ] do
            testCase $"refused: {name}" <| fun () -> refusedLine text expected

        testCase "a file of something else is refused, and stays as it is"
        <| fun () ->
            inFolder (fun folder ->
                let path = Path.Combine(folder, "a")

                for bytes in [ [| 0uy .. 255uy |] |> Array.filter ((<>) 10uy); "text\nwithout an end"B; [| 0xFFuy; 10uy |] ] do
                    File.WriteAllBytes(path, bytes)
                    Expect.throwsT<DataException> (fun () -> search path 1 (fun _ -> 1.0) |> ignore) "refused"
                    Expect.equal (File.ReadAllBytes path) bytes "as it was")

        testCase "an error of the trial is not hidden by one of the journal"
        <| fun () ->
            inFolder (fun folder ->
                Expect.throwsT<TimeoutException>
                    (fun () ->
                        search (Path.Combine(folder, "a")) 2 (fun _ -> raise (TimeoutException()))
                        |> ignore)
                    "the trial's own")
    ]

[<Tests>]
let tests =
    testList "Files" [ places; atomic; testSequenced disks; locks; journals ]
