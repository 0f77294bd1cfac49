/// Holds what the bridge between Expecto and the test platform promises.
module Cv.Tests.BridgeTests

open System
open System.Threading
open Expecto
open Expecto.Impl
open Cv.Expecto

/// Runs a tree as the bridge does, and gives each leaf's name with why it failed, if it did.
let private results start (tests: Test) =
    let seen = Collections.Concurrent.ConcurrentQueue<string * string option>()
    let say name why = async { seen.Enqueue(name, why) }

    let config = {
        defaultConfig with
            joinWith = JoinWith.Slash
            printer = {
                TestPrinters.silent with
                    passed = fun name _ -> say name None
                    ignored = fun name _ -> say name (Some "ignored")
                    failed = fun name why _ -> say name (Some(Replay.explain why))
                    exn = fun name ex _ -> say name (Some ex.Message)
            }
    }

    (Schedule.run 4 CancellationToken.None config (Replay.everywhere start tests)).GetAwaiter().GetResult()
    seen |> List.ofSeq |> List.sort

let private short = testProperty "short" (fun (xs: int list) -> xs.Length < 3)

let private startOf (text: string) =
    let numbers = text.Substring(text.LastIndexOf "--seed " + 7).Split(',')[..2]
    let size = String(numbers[2] |> Seq.takeWhile Char.IsDigit |> Array.ofSeq)
    Replay.parse $"{numbers[0]},{numbers[1]},{size}"

let private good = [
    "1,2", (1UL, 2UL, None)
    "(1, 2)", (1UL, 2UL, None)
    " (15695441765018419972, 12581583851313377543, 4) ", (15695441765018419972UL, 12581583851313377543UL, Some 4)
]

let private bad = [ ""; "1"; "a,b"; "1,2,3,4"; "1,2,99999999999"; "-1,2"; "1;2" ]

[<Tests>]
let tests =
    testList "bridge" [
        testList "reads where a property starts" [
            for text, start in good do
                testCase text
                <| fun () -> Expect.equal (Replay.parse text) (Result.Ok start) "seed, gamma, size"
        ]
        testList "refuses what is no start" [
            for text in bad do
                testCase $"\"{text}\""
                <| fun () ->
                    match Replay.parse text with
                    | Result.Error why -> Expect.stringContains why $"got '{text}'" "says what it got"
                    | Result.Ok start -> failtest $"read as {start}"
        ]
        testCase "every leaf runs once, under its whole name"
        <| fun () ->
            let tree =
                testList "a" [
                    for i in 1..50 do
                        testCase $"t{i}" ignore

                    testSequenced (testList "b" [ testCase "c" ignore; testCase "d" (fun () -> failtest "red") ])
                ]

            let names = results None tree

            let expected =
                [
                    for i in 1..50 do
                        $"a/t{i}"

                    "a/b/c"
                    "a/b/d"
                ]
                |> List.sort

            Expect.equal (List.map fst names) expected "names"

            Expect.equal
                [
                    for name, why in names do
                        if why.IsSome then
                            name
                ]
                [ "a/b/d" ]
                "what fails"

        testCase "a sequenced leaf runs beside no other"
        <| fun () ->
            let mutable inside = 0
            let mutable together = 0

            let leaf name =
                testCase name (fun () ->
                    if Interlocked.Increment &inside > 1 then
                        Interlocked.Increment &together |> ignore

                    Thread.Yield() |> ignore
                    Interlocked.Decrement &inside |> ignore)

            let tree = testSequenced (testList "s" [ for i in 1..200 -> leaf $"{i}" ])
            Expect.hasLength (results None tree) 200 "all ran"
            Expect.equal together 0 "leaves that met another"

        testCase "a failing property says how to see it again, and then fails alike"
        <| fun () ->
            match results None (testList "p" [ short ]) with
            | [ _, Some why ] ->
                Expect.stringContains why $"{Replay.variable}=" "names the variable"

                match startOf why with
                | Result.Error why -> failtest why
                | Result.Ok start ->
                    match results (Some start) (testList "p" [ short ]) with
                    | [ _, Some again ] -> Expect.equal (startOf again) (Result.Ok start) "the same start"
                    | other -> failtest $"%A{other}"
            | other -> failtest $"%A{other}"

        testCase "a property that names its own start keeps it"
        <| fun () ->
            let config = { FsCheckConfig.defaultConfig with replay = Some(1UL, 3UL, None) }

            let pinned =
                testPropertyWithConfig config "short" (fun (xs: int list) -> xs.Length < 3)

            Expect.equal (results (Some(7UL, 9UL, None)) pinned) (results None pinned) "the same failure"

        testCase "two tests of one name are refused"
        <| fun () ->
            let tree = testList "a" [ testCase "b" ignore; testCase "b" ignore ]

            Expect.throwsC (fun () -> Schedule.check JoinWith.Slash tree) (fun ex ->
                Expect.equal
                    ex.Message
                    "Test names must be unique; these stand more than once: a/b. Rename one of each."
                    "rule, facts, fix")
    ]
