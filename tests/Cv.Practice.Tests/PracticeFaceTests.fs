/// Diagnosis and search from F#.
module Cv.Tests.PracticeFaceTests

open System
open System.Collections.Immutable
open Cv.FSharp
open Cv.Practice
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private data =
    Dataset(
        "steps",
        shape [ 4 ],
        Array.init 256 (fun i -> byte (i * 7 % 256)),
        Array.init 64 (fun i -> byte (i % 2)),
        ImmutableArray.Create("a", "b")
    )

[<Tests>]
let tests =
    testList "practice in F#" [
        testCase "a diagnosis"
        <| fun () ->
            use batches = new Batches(data, 16)
            let options = DiagnosisOptions(OverfitSteps = 1, Steps = 2)

            let report =
                model [ 4 ] (dense 4 >> relu >> dense 2)
                |> diagnose options softmaxCrossEntropy batches

            Expect.stringContains report["first loss"].Found "ln 2 gives 0.6931" "the loss got its labels and scores in their places"

        testCase "searches"
        <| fun () ->
            let space =
                searchSpace [
                    logUniform "rate" 1e-4 1e-1
                    between "part" 0.0 1.0
                    whole "hidden" 1 9
                    oneOf "gate" [ "a"; "b" ]
                    oneOfNumbers "k" [ 1.0; 3.0 ]
                ]

            let score (trial: Trial) =
                trial["rate"]
                + trial["part"]
                + float (trial.Integer "hidden" + trial.Integer "k")

            let count (result: SearchResult) = result.Trials.Length

            Expect.equal
                [
                    space |> randomSearch 4 score |> count
                    space |> gridSearch 2 score |> count
                    space |> coarseToFine 2 3 score |> count
                    space |> halving 9 score |> count
                    space |> bayesianSearch 4 score |> count
                ]
                [ 4; 32; 6; 13; 4 ]
                "trials"

            let mean =
                data |> crossValidate 4 (fun fold -> float fold.Validation.Count) |> _.Mean

            Expect.equal mean 16.0 "of folds"
    ]
