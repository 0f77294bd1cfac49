/// Compares gradients with central differences, by the library's own checker.
module Cv.Tests.Differences

open Cv.Dsl
open Cv.Testing

/// Checks the gradient of a weighed sum of y by every float leaf: element by element (at most twelve of each, at random), and along a
/// direction that moves all of them.
let checkAt (bindings: (string * float[]) list) seed (y: Expr) =
    let at = Point(Map bindings)
    let options = CheckOptions(Elements = 12, Seed = seed)
    Check.Gradient(y, at, options).MustPass() |> ignore
    Check.Directional(y, at, 1, options).MustPass() |> ignore

/// Checks the gradient at random numbers away from kinks.
let check seed (y: Expr) =
    checkAt (Evaluate.randomBindings seed [ y ]) seed y
