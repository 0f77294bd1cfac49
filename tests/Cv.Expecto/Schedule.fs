/// Decides in which order the leaves of a tree run, and which of them run side by side.
module Cv.Expecto.Schedule

open System
open System.Threading
open System.Threading.Tasks
open Expecto
open Expecto.Impl

/// Refuses what would pass in silence: two tests of one name, and focused tests on a CI machine.
let check (join: JoinWith) (tests: Test) =
    match duplicatedNames join tests with
    | [] -> ()
    | twice ->
        let names = twice |> List.truncate 10 |> List.map join.format |> String.concat ", "
        failwith $"Test names must be unique; these stand more than once: {names}. Rename one of each."

    let focused =
        Test.toTestCodeList tests |> List.filter (fun leaf -> leaf.state = Focused)

    if not focused.IsEmpty && Environment.GetEnvironmentVariable "CI" = "true" then
        failwith $"CI runs all tests; \"{join.format focused.Head.name}\" is focused. Write test... for ftest... and etest...."

/// Runs each leaf by itself, so many at a time, then those that must run alone. (Expecto's own parallel run looks only every 10 ms
/// whether a worker is free: 3,000 small tests take 15 s on two workers.)
let run (workers: int) (cancel: CancellationToken) (config: ExpectoConfig) (tests: Test) =
    let leaves = Test.toTestCodeList tests
    let anyFocused = leaves |> List.exists (fun leaf -> leaf.state = Focused)

    let one (leaf: FlatTest) =
        let state =
            if anyFocused && leaf.state <> Focused then
                Pending
            else
                leaf.state

        let code = TestCase(leaf.test, state)

        let tree =
            List.foldBack (fun label inner -> TestLabel(label, inner, Normal)) leaf.name code

        evalTestsWithCancel cancel config tree false |> Async.Ignore

    let inOrder leaves =
        async {
            for leaf in leaves do
                do! one leaf
        }

    let alone, beside =
        leaves |> List.partition (fun leaf -> leaf.sequenced = Synchronous)

    // a group's leaves run one after the other, beside those of other groups
    let groups =
        beside
        |> List.groupBy _.sequenced
        |> List.collect (fun (kind, leaves) ->
            if kind = InParallel then
                List.map List.singleton leaves
            else
                [ leaves ])

    task {
        let limit =
            ParallelOptions(MaxDegreeOfParallelism = workers, CancellationToken = cancel)

        do! Parallel.ForEachAsync(groups, limit, fun group _ -> ValueTask(Async.StartAsTask(inOrder group) :> Task))
        do! inOrder alone
    }
