namespace Cv.FSharp

open Cv.Dsl
open Cv.Practice
open Cv.Runtime

/// Names what lowers a loss over all examples at once, with the usual settings; the types of Cv.Practice take all others.
[<AutoOpen>]
module Minimisers =
    /// Goes as Newton's method would, by an estimate from the last ten steps.
    let lbfgs: Minimiser = Lbfgs()

    /// Goes downhill, but not back over what the step before has done.
    let conjugateGradient: Minimiser = ConjugateGradient()

    /// Draws all parameters anew each time, and keeps the best.
    let randomTrials deviation : Minimiser = RandomSearch.Trials deviation

    /// Takes a random step from the best parameters each time.
    let randomWalk deviation : Minimiser = RandomSearch.Walk deviation

    /// Moves a state's parameters to where a loss is low: `loss |> minimise lbfgs 200 state [ "x", images; "labels", classes ]`.
    let minimise (minimiser: Minimiser) iterations (state: ModelState) (inputs: (string * Tensor) list) (loss: Expr) =
        let bindings = [| for name, tensor in inputs -> Binding(name, tensor) |]
        minimiser.Minimise(loss, state, bindings, MinimiserOptions(Iterations = iterations))
