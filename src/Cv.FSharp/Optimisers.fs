namespace Cv.FSharp

open Cv.Dsl

/// Names the optimisers with their usual settings; Optimiser's members take all others. The rate is a float, or by the names that end in At, a schedule.
[<AutoOpen>]
module Optimisers =
    /// Steps against the gradient.
    let gradientDescent (rate: float) = Optimiser.GradientDescent rate

    /// Steps against the gradient, at a rate that changes.
    let gradientDescentAt (rate: Schedule) =
        Optimiser.GradientDescent(LearningRate rate)

    /// Rolls downhill, keeping 0.9 of the velocity.
    let momentum (rate: float) = Optimiser.Momentum rate

    /// Rolls downhill, keeping 0.9 of the velocity, at a rate that changes: `oneCycle 0.1 steps |> momentumAt`.
    let momentumAt (rate: Schedule) = Optimiser.Momentum(LearningRate rate)

    /// Rolls downhill and looks ahead, keeping 0.9 of the velocity.
    let nesterov (rate: float) = Optimiser.Nesterov rate

    /// Rolls downhill and looks ahead, keeping 0.9 of the velocity, at a rate that changes.
    let nesterovAt (rate: Schedule) = Optimiser.Nesterov(LearningRate rate)

    /// Makes the steps of an element smaller the more it has been pulled.
    let adaGrad (rate: float) = Optimiser.AdaGrad rate

    /// Divides each element's step by the size of its recent gradients (decay 0.99).
    let rmsProp (rate: float) = Optimiser.RmsProp rate

    /// Gives each element a step of its own size (betas 0.9 and 0.999), with bias correction.
    let adam (rate: float) = Optimiser.Adam rate

    /// Gives each element a step of its own size, at a rate that changes.
    let adamAt (rate: Schedule) = Optimiser.Adam(LearningRate rate)

    /// Steps as adam, and lets weights fade beside it: `adamW 0.01 1e-3`, the decay and the rate.
    let adamW decay (rate: float) = Optimiser.AdamW(rate, decay)

    /// Gives an optimiser under a name, with states of its own: for two that move the same parameters in one state.
    let namedOptimiser name (optimiser: Optimiser) = optimiser.Named name

    /// Lets weights fade beside another optimiser's step.
    let weightDecay decay (optimiser: Optimiser) = optimiser.WeightDecay decay

    /// Brings each element of the gradient into [-limit, limit] first.
    let clipValue limit (optimiser: Optimiser) = optimiser.ClipValue limit

    /// Makes all gradients smaller together first, where their norm is above a limit.
    let clipNorm limit (optimiser: Optimiser) = optimiser.ClipNorm limit

    /// Keeps the weights of each unit within a ball.
    let maxNorm limit (optimiser: Optimiser) = optimiser.MaxNorm limit

    /// Keeps an exponential moving average of each parameter beside it; a decay of 1 gives the mean.
    let averaged (decay: float) (optimiser: Optimiser) = optimiser.Average decay
