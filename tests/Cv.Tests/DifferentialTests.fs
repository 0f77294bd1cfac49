/// Random graphs, run in every way there is: a few hundred in each run of the tests, as many as one likes by
/// `CVDSL_GRAPHS=20000 dotnet run -c Release --project tests/Cv.Tests -- --filter differential`; CVDSL_GRAPHS_FROM is the first seed.
module Cv.Tests.DifferentialTests

open System
open System.Collections.Concurrent
open System.Threading
open System.Threading.Tasks
open Cv.Testing
open Expecto

let private setting (name: string) otherwise =
    match Environment.GetEnvironmentVariable name with
    | null
    | "" -> otherwise
    | text -> Int32.Parse text

let private enough = 5

/// Graphs of 1 to 28 steps.
let private graphOf seed = Graphs.Graph(seed, 1 + seed % 28)

/// Those of so many graphs that have a mismatch; no more than a few, each as small as it gets.
let private failures from count =
    let found = ConcurrentQueue<string>()
    let mutable seen = 0

    let plain seed =
        match Differential.report (graphOf seed) with
        | None -> ()
        | Some text ->
            match Differential.shrunk (graphOf seed) with
            | Some(smaller, text) -> found.Enqueue $"{text}\n{smaller}"
            | None -> found.Enqueue $"{text}\n{graphOf seed}"

    let withBodies seed =
        let graph = Differential.grown seed

        match Differential.reportGrown graph with
        | None -> ()
        | Some _ ->
            let smaller =
                Shrinking.Minimal(graph, (fun smaller -> (Differential.reportGrown smaller).IsSome))

            found.Enqueue $"{Differential.reportGrown smaller |> Option.defaultValue String.Empty}\n{smaller}"

    // every other graph has scans, checkpoints, delays and losses with labels
    let look seed (state: ParallelLoopState) =
        if seed % 2 = 0 then plain seed else withBodies seed

        if found.Count >= enough then
            state.Stop()

        let now = Interlocked.Increment &seen

        if now % 1000 = 0 then
            eprintfn $"{now} graphs of {count}, {found.Count} mismatches"

    Parallel.For(from, from + count, ParallelOptions(MaxDegreeOfParallelism = Environment.ProcessorCount), look)
    |> ignore

    List.ofSeq found

[<Tests>]
let tests =
    testList "differential" [
        testCase "graphs agree in every way of running them"
        <| fun () ->
            let from, count = setting "CVDSL_GRAPHS_FROM" 0, setting "CVDSL_GRAPHS" 200
            let found = failures from count

            let texts = String.concat "\n\n" found
            Expect.isEmpty found $"{found.Length} graphs of {count} from {from}:\n{texts}"
    ]
