/// What the `main` of every test project calls.
module Cv.Expecto.Program

open System
open System.Reflection
open Expecto

/// The platform's exit code for a run without tests; Expecto's own runner would call it a success.
let private noTestRan = 8

/// Runs the tests by Expecto's own command line.
let private byHand (tests: Test) (args: string[]) : int =
    let tests = Replay.everywhere (Replay.fromEnvironment ()) tests
    let mutable ran = 0

    let count =
        SummaryHandler(fun (summary: Impl.TestRunSummary) ->
            ran <- summary.results.Length

            for _, result in summary.errored @ summary.failed do
                match result.result with
                | Impl.TestResult.Failed why -> Replay.explain why |> fun text -> printfn "%s" (text.Split('\n') |> Array.last)
                | _ -> ())

    let code =
        runTestsWithCLIArgs [ CLIArguments.JoinWith "/"; CLIArguments.Append_Summary_Handler count ] args tests

    let lists =
        args
        |> Array.exists (fun arg -> arg = "--list-tests" || arg = "--help" || arg = "--version")

    if code = 0 && ran = 0 && not lists then
        eprintfn "No test ran. Give a filter that matches a name, such as --filter \"gates\"; --list-tests prints all names."
        noTestRan
    else
        code

/// Runs every [<Tests>] value of an assembly. `dotnet test` and IDEs start a program with --server: then Microsoft.Testing.Platform leads,
/// else Expecto's own command line.
let run (assembly: Assembly) (args: string[]) : int =
    match Impl.testFromAssembly assembly with
    | None ->
        eprintfn $"{assembly.GetName().Name} has no tests. Mark a value of type Test with [<Tests>]."
        noTestRan
    | Some tests when args |> Array.contains "--server" -> Bridge.serve tests args
    | Some tests -> byHand tests args
