/// Runs a property again from the numbers that a failure printed.
module Cv.Expecto.Replay

open System
open System.Text.RegularExpressions
open Expecto

/// The environment variable that holds what `--seed` takes.
let variable = "CVDSL_TESTS_SEED"

/// Where a property starts: seed and gamma, and the size of the failing step where it is known.
type Start = uint64 * uint64 * int option

/// Reads "seed,gamma" or "seed,gamma,size", in parentheses or without.
let parse (text: string) : Result<Start, string> =
    let number (s: string) =
        match UInt64.TryParse s with
        | true, n -> Some n
        | _ -> None

    match
        text.Trim('(', ')', ' ').Split(',', StringSplitOptions.TrimEntries)
        |> Array.map number
    with
    | [| Some seed; Some gamma |] -> Result.Ok(seed, gamma, None)
    | [| Some seed; Some gamma; Some size |] when size <= uint64 Int32.MaxValue -> Result.Ok(seed, gamma, Some(int size))
    | _ -> Result.Error $"A replay must be seed,gamma or seed,gamma,size, as a failing property printed it; got '{text}'."

/// The start that the environment asks for.
let fromEnvironment () =
    match Environment.GetEnvironmentVariable variable with
    | null
    | "" -> None
    | text ->
        match parse text with
        | Result.Ok start -> Some start
        | Result.Error why -> failwith $"{variable}: {why}"

/// The same test, started there; a property that names its own start keeps it, and what is no property stays as it is.
let from (start: Start option) (code: TestCode) =
    match start, code with
    | Some _, AsyncFsCheck(config, stress, run) ->
        let config = config |> Option.defaultValue FsCheckConfig.defaultConfig

        if config.replay.IsSome then
            code
        else
            AsyncFsCheck(Some { config with replay = start }, stress, run)
    | _ -> code

/// The same tree, each of its properties started there.
let rec everywhere (start: Start option) (tests: Test) =
    match tests with
    | TestCase(code, state) -> TestCase(from start code, state)
    | TestList(inner, state) -> TestList(List.map (everywhere start) inner, state)
    | TestLabel(label, inner, state) -> TestLabel(label, everywhere start inner, state)
    | Test.Sequenced(how, inner) -> Test.Sequenced(how, everywhere start inner)

let private printed =
    Regex(@"etestProperty \((\d+)UL, (\d+)UL, (?:Some (\d+)|None)\)", RegexOptions.CultureInvariant)

/// A failure's text, with a last line that says how to see the failure again.
let explain (failure: string) =
    match printed.Match failure with
    | found when found.Success ->
        let numbers = [ for group in found.Groups |> Seq.skip 1 |> Seq.filter _.Success -> group.Value ]
        let start = String.concat "," numbers
        $"{failure}\nReplay it: --seed {start}, or {variable}={start} in the environment."
    | _ -> failure
