namespace Cv.FSharp

open Cv.Practice

/// Looks for good hyper-parameters. A score is higher for better.
[<AutoOpen>]
module Searching =
    /// Takes values evenly by their logarithms: `logUniform "rate" 1e-4 1e-1`.
    let logUniform name low high = Setting.LogUniform(name, low, high)

    /// Takes values evenly: `between "dropout" 0.0 0.5`.
    let between name low high = Setting.Uniform(name, low, high)

    /// Takes whole numbers: `whole "hidden" 32 256`.
    let whole name low high = Setting.Integer(name, low, high)

    /// Takes one of some words: `oneOf "gate" [ "relu"; "tanh" ]`.
    let oneOf name (words: string list) =
        Setting.Choice(name, List.toArray words)

    /// Takes one of some numbers: `oneOfNumbers "k" [ 1.0; 3.0; 5.0 ]`.
    let oneOfNumbers name (numbers: float list) =
        Setting.Choice(name, List.toArray numbers)

    /// Joins settings to a space: `searchSpace [ logUniform "rate" 1e-4 1e-1; whole "hidden" 32 256 ]`.
    let searchSpace (settings: Setting list) = SearchSpace(List.toArray settings)

    /// Tries so many settings at random: `space |> randomSearch 30 (fun trial -> accuracy trial["rate"])`.
    let randomSearch trials (score: Trial -> float) space = Search.Random(space, trials, score)

    /// Tries every combination of so many values of each setting.
    let gridSearch values (score: Trial -> float) space = Search.Grid(space, values, score)

    /// Searches in stages of so many trials, each nearer to the best: `space |> coarseToFine 3 10 score`.
    let coarseToFine stages trials (score: Trial -> float) space =
        Search.CoarseToFine(space, stages, trials, score)

    /// Tries many settings with little, and the best third of them with three times as much: `space |> halving 27 (fun trial -> train trial.Budget)`.
    let halving trials (score: Trial -> float) space = Search.Halving(space, trials, score)

    /// Tries what a Gaussian process expects most of.
    let bayesianSearch trials (score: Trial -> float) space = Search.Bayesian(space, trials, score)

    /// Scores on each of so many folds what was learnt from the others: `train |> crossValidate 5 (fun fold -> accuracy fold.Train fold.Validation)`.
    let crossValidate folds (score: Fold<'set> -> float) examples =
        Search.CrossValidate(examples, folds, score)
