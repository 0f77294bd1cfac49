namespace Cv.FSharp

open Cv.Practice
open Cv.Runtime

/// Lets several nets predict together, or makes one of them.
[<AutoOpen>]
module Ensembles =
    /// Joins trained states of one model: `snapshots.States |> ensemble program.Predict`.
    let ensemble (predict: IFunction) (states: ModelState seq) = new Ensemble(predict, states)

    /// Trains one model from several seeds: `[ 1UL; 2UL; 3UL ] |> independent program (fun seed state -> ...)`.
    let independent program (train: uint64 -> ModelState -> unit) (seeds: uint64 list) =
        Ensemble.Independent(program, seeds, (fun state seed -> train seed state))

    /// Takes the mean of the weights of several states of one run.
    let averageWeights (states: ModelState seq) = WeightAverage.Of(Seq.toArray states)
