/// Every reader, on files that are broken in ten thousand ways each; CVDSL_MUTANTS=1000000 for the long run, and `dotnet run --project tests/Cv.Fuzz` for one format alone.
module Cv.Tests.FuzzTests

open System
open Cv.Fuzz
open Expecto

let private count =
    match Environment.GetEnvironmentVariable "CVDSL_MUTANTS" with
    | null
    | "" -> 10_000L
    | text -> int64 text

[<Tests>]
let tests =
    // One by one: a format's files have one place
    testSequenced (
        testList "Fuzz" [
            for format in Formats.All do
                testCase $"{format.Name}: {count} mutants are read or refused, soon and in bounded memory"
                <| fun () ->
                    let harness = Harness format
                    let fault = Program.Run(format, count, harness)

                    if not (isNull fault) then
                        failtest $"{format.Name}: {fault}"

                    Expect.isGreaterThan harness.Accepted (int64 (format.Seeds.Invoke().Count) - 1L) "right ones are read"
                    Expect.isTrue (harness.Refused > 0L || format.Name = "tiles") "broken ones are refused"

            testCase "a mutant is the same each time"
            <| fun () ->
                for format in Formats.All do
                    for number in 0L .. 200L do
                        Expect.equal
                            (Program.MutatorOf(format).Make number)
                            (Program.MutatorOf(format).Make number)
                            $"{format.Name} {number}"

            testCase "a reader that does not keep its promise is found"
            <| fun () ->
                let first = Formats.All[0]

                let bad read =
                    (Harness(Format(first.Name, first.Seeds, Action<_> read, first.Words, first.Repair))).Try [| 1uy |]

                Expect.isNull (bad ignore) "a good one"
                Expect.stringContains (nonNull (bad (fun _ -> raise (IndexOutOfRangeException())))) "IndexOutOfRange" "an error of no type"
                Expect.stringContains (nonNull (bad (fun _ -> Array.zeroCreate<byte> 20_000_000 |> ignore))) "bytes of memory" "greedy"

                Expect.stringContains
                    (nonNull (bad (fun _ -> raise (Cv.Runtime.DataException(String('x', 5000))))))
                    "an error text of"
                    "talkative"
        ]
    )
