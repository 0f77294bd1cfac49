namespace Cv.FSharp

open Cv.Dsl

/// Names the optimisers with their usual settings; Optimiser's members take all others, and a scalar node for the rate.
[<AutoOpen>]
module Optimisers =
    /// Steps against the gradient.
    let gradientDescent (rate: float) = Optimiser.GradientDescent rate

    /// Rolls downhill, keeping 0.9 of the velocity.
    let momentum (rate: float) = Optimiser.Momentum rate

    /// Rolls downhill and looks ahead, keeping 0.9 of the velocity.
    let nesterov (rate: float) = Optimiser.Nesterov rate

    /// Gives each element a step of its own size (betas 0.9 and 0.999), with bias correction.
    let adam (rate: float) = Optimiser.Adam rate
