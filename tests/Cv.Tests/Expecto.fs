/// Expecto's words over FsCheck and NUnit, for registries that have no Expecto: where one has it, delete this file and Main.fs,
/// and `open Expecto` means the real one. docs/decisions/001-packages-and-tests.md tells more.
namespace Expecto

open System
open FsCheck
open FsCheck.FSharp

/// A tree of tests. A leaf's full name is its path, joined by slashes.
type Test =
    | TestCase of name: string * run: (unit -> unit)
    | TestList of name: string * tests: Test list
    /// Leaves under here never run beside another test.
    | Sequenced of Test

/// Marks a value of type Test to be run.
[<AttributeUsage(AttributeTargets.Property ||| AttributeTargets.Field)>]
type TestsAttribute() =
    inherit Attribute()

/// How a property is tried. Start from FsCheckConfig.defaultConfig.
type FsCheckConfig = {
    maxTest: int
    startSize: int
    endSize: int
    /// What a failing property printed, to see that failure again: seed, gamma, and for its last step alone the size.
    replay: (uint64 * uint64 * int option) option
    /// Types whose static members are generators.
    arbitrary: Type list
} with

    /// 100 tries, from a new seed each time unless CVDSL_TESTS_SEED holds one as a failure printed it.
    static member defaultConfig =
        let replay =
            match Environment.GetEnvironmentVariable "CVDSL_TESTS_SEED" with
            | null
            | "" -> None
            | text ->
                match text.Trim('(', ')').Split(',', StringSplitOptions.TrimEntries) with
                | [| seed; gamma |] -> Some(UInt64.Parse seed, UInt64.Parse gamma, None)
                | [| seed; gamma; size |] -> Some(UInt64.Parse seed, UInt64.Parse gamma, Some(int size))
                | _ -> failwith $"CVDSL_TESTS_SEED must be two or three numbers, as a failing property printed them; got '{text}'."

        { maxTest = 100; startSize = 1; endSize = 100; replay = replay; arbitrary = [] }

[<AutoOpen>]
module Tests =
    /// Fails the test with this message.
    let failtest (message: string) : 'a =
        raise (NUnit.Framework.AssertionException message)

    /// Fails the test with a formatted message.
    let failtestf format = Printf.ksprintf failtest format

    let testCase name run = TestCase(name, run)
    let testList name tests = TestList(name, tests)
    let testSequenced test = Sequenced test

    /// Says nothing of a property that holds, unless the property itself collects or classifies.
    let private quiet = {
        new IRunner with
            member _.OnStartFixture _ = ()
            member _.OnArguments(_, _, _) = ()
            member _.OnShrink(_, _) = ()

            member _.OnFinished(name, result) =
                let text = Runner.onFinishedToString name result

                match result with
                | TestResult.Passed(data, _) when Seq.isEmpty data.Stamps -> ()
                | TestResult.Passed _ -> printfn "%s" text
                | TestResult.Failed _
                | TestResult.Exhausted _ -> failtest text
    }

    /// A property, tried as config says. A failure shows the shrunk counter-example and the seed.
    let testPropertyWithConfig (config: FsCheckConfig) name (property: 'testable) =
        TestCase(
            name,
            fun () ->
                let replay =
                    config.replay
                    |> Option.map (fun (seed, gamma, size) -> { Rnd = Rnd(seed, gamma); Size = size })

                let checkConfig =
                    Config.Quick
                        .WithMaxTest(config.maxTest)
                        .WithStartSize(config.startSize)
                        .WithEndSize(config.endSize)
                        .WithArbitrary(config.arbitrary)
                        .WithReplay(replay)
                        .WithRunner(quiet)

                Check.One(checkConfig, property)
        )

    let testProperty name property =
        testPropertyWithConfig FsCheckConfig.defaultConfig name property

/// A leaf of the tree, ready to run.
type Leaf = { Path: string; Alone: bool; Run: unit -> unit }

module Test =
    /// Every leaf, in order. Two leaves of one path are refused: a filter could not tell them apart.
    let leaves (tests: Test list) : Leaf list =
        let rec walk prefix alone test =
            match test with
            | TestCase(name, run) -> [ { Path = prefix + name; Alone = alone; Run = run } ]
            | TestList(name, tests) -> tests |> List.collect (walk (prefix + name + "/") alone)
            | Sequenced test -> walk prefix true test

        let all = tests |> List.collect (walk "" false)

        match all |> List.countBy _.Path |> List.filter (fun (_, count) -> count > 1) with
        | [] -> all
        | twice ->
            let names = twice |> List.map fst |> String.concat ", "
            failwith $"Test names must be unique; these stand more than once: {names}. Rename one of each."

/// How near two numbers must be: |a - b| <= absolute + relative * max |a| |b|.
type Accuracy = { absolute: float; relative: float }

module Accuracy =
    let low = { absolute = 1e-6; relative = 1e-3 }
    let medium = { absolute = 1e-8; relative = 1e-5 }
    let high = { absolute = 1e-10; relative = 1e-7 }
    let veryHigh = { absolute = 1e-12; relative = 1e-9 }

    let areClose accuracy (a: float) (b: float) =
        a.Equals b
        || Double.IsFinite(a - b)
           && abs (a - b) <= accuracy.absolute + accuracy.relative * max (abs a) (abs b)

/// What a test may expect. Always the actual value first, then what is expected of it, then what to say if it is not so.
module Expect =
    let private firstDifference (actual: string) (expected: string) =
        let common =
            Seq.zip actual expected |> Seq.takeWhile (fun (a, e) -> a = e) |> Seq.length

        let line = actual.AsSpan(0, common).Count '\n' + 1

        if line = 1 then
            $"first difference at character {common}"
        else
            $"first difference at line {line}, character {common} of all"

    let equal (actual: 'a) (expected: 'a) (message: string) =
        if actual <> expected then
            match box actual, box expected with
            | (:? string as a), (:? string as e) -> failtest $"{message}\nexpected:\n{e}\nactual:\n{a}\n{firstDifference a e}"
            | _ -> failtestf "%s\nexpected: %A\nactual:   %A" message expected actual

    let notEqual (actual: 'a) (expected: 'a) (message: string) =
        if actual = expected then
            failtestf "%s\nexpected anything but: %A" message actual

    let isTrue actual (message: string) =
        if not actual then
            failtest $"{message}\nexpected true, got false"

    let isFalse actual (message: string) =
        if actual then
            failtest $"{message}\nexpected false, got true"

    let isSome (actual: 'a option) (message: string) =
        if actual.IsNone then
            failtest $"{message}\nexpected Some, got None"

    let isNone (actual: 'a option) (message: string) =
        match actual with
        | Some value -> failtestf "%s\nexpected None, got Some %A" message value
        | None -> ()

    let isNull (actual: 'a) (message: string) =
        match box actual with
        | null -> ()
        | value -> failtestf "%s\nexpected null, got %A" message value

    let isNotNull (actual: 'a) (message: string) =
        match box actual with
        | null -> failtest $"{message}\nexpected a value, got null"
        | _ -> ()

    let isOk (actual: Result<'a, 'b>) (message: string) =
        match actual with
        | Ok _ -> ()
        | Error error -> failtestf "%s\nexpected Ok, got Error %A" message error

    let isError (actual: Result<'a, 'b>) (message: string) =
        match actual with
        | Ok value -> failtestf "%s\nexpected Error, got Ok %A" message value
        | Error _ -> ()

    let private compares holds words (actual: 'a) (bound: 'a) (message: string) =
        if not (holds actual bound) then
            failtestf "%s\nexpected a value %s %A, got %A" message words bound actual

    let isLessThan (actual: 'a) bound (message: string) =
        compares (<) "less than" actual bound message

    let isLessThanOrEqual (actual: 'a) bound (message: string) =
        compares (<=) "at most" actual bound message

    let isGreaterThan (actual: 'a) bound (message: string) =
        compares (>) "greater than" actual bound message

    let isGreaterThanOrEqual (actual: 'a) bound (message: string) =
        compares (>=) "at least" actual bound message

    /// NaN is close to NaN, and to nothing else; an infinity to itself.
    let floatClose accuracy (actual: float) (expected: float) (message: string) =
        if not (Accuracy.areClose accuracy actual expected) then
            failtest $"{message}\nexpected {expected:R} (absolute {accuracy.absolute}, relative {accuracy.relative}), got {actual:R}"

    let isEmpty (actual: 'a seq) (message: string) =
        if not (Seq.isEmpty actual) then
            failtestf "%s\nexpected nothing, got %A" message (List.ofSeq actual)

    let isNonEmpty (actual: 'a seq) (message: string) =
        if Seq.isEmpty actual then
            failtest $"{message}\nexpected at least one element, got none"

    let hasLength (actual: 'a seq) length (message: string) =
        let count = Seq.length actual

        if count <> length then
            failtestf "%s\nexpected %d elements, got %d: %A" message length count (List.ofSeq actual)

    let contains (actual: 'a seq) (element: 'a) (message: string) =
        if not (Seq.contains element actual) then
            failtestf "%s\nexpected %A among %A" message element (List.ofSeq actual)

    /// Holds for each element, and names those for which it does not.
    let all (actual: 'a seq) (holds: 'a -> bool) (message: string) =
        match actual |> Seq.indexed |> Seq.filter (snd >> holds >> not) |> List.ofSeq with
        | [] -> ()
        | bad -> failtestf "%s\nnot so for these, with their places: %A" message bad

    let sequenceEqual (actual: 'a seq) (expected: 'a seq) (message: string) =
        let actual = Array.ofSeq actual
        let expected = Array.ofSeq expected

        match Seq.zip actual expected |> Seq.tryFindIndex (fun (a, e) -> a <> e) with
        | Some i ->
            failtestf "%s\nelement %d: expected %A, got %A\nexpected: %A\nactual:   %A" message i expected[i] actual[i] expected actual
        | None ->
            if actual.Length <> expected.Length then
                failtestf
                    "%s\nexpected %d elements, got %d\nexpected: %A\nactual:   %A"
                    message
                    expected.Length
                    actual.Length
                    expected
                    actual

    let private holdsOf words holds (actual: string) (part: string) (message: string) =
        if not (holds actual part) then
            failtest $"{message}\nexpected a text {words}:\n{part}\ngot:\n{actual}"

    let stringContains actual part (message: string) =
        holdsOf "containing" (fun a p -> a.Contains(p, StringComparison.Ordinal)) actual part message

    let stringStarts actual part (message: string) =
        holdsOf "starting with" (fun a p -> a.StartsWith(p, StringComparison.Ordinal)) actual part message

    let stringEnds actual part (message: string) =
        holdsOf "ending in" (fun a p -> a.EndsWith(p, StringComparison.Ordinal)) actual part message

    let private caught run =
        try
            run ()
            None
        with ex ->
            Some ex

    let throws run (message: string) =
        if (caught run).IsNone then
            failtest $"{message}\nexpected an exception, got none"

    /// Throws, and the continuation looks at the exception.
    let throwsC run (look: exn -> 'a) : 'a =
        match caught run with
        | Some ex -> look ex
        | None -> failtest "expected an exception, got none"

    let throwsT<'exn when 'exn :> exn> run (message: string) =
        match caught run with
        | Some(:? 'exn) -> ()
        | Some ex -> failtest $"{message}\nexpected {typeof<'exn>.Name}, got {ex.GetType().Name}: {ex.Message}"
        | None -> failtest $"{message}\nexpected {typeof<'exn>.Name}, got no exception"
