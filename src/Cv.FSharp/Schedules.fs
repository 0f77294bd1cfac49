namespace Cv.FSharp

open Cv.Dsl

/// Names the learning rate's schedules, to be piped into each other: `cosine 0.1 9500L |> warmUp 500L |> momentumAt`.
[<AutoOpen>]
module Schedules =
    /// Goes in a straight line from the first rate to the last, and stays there.
    let linearRate first last steps = Schedule.Linear(first, last, steps)

    /// Multiplies the rate by a factor, every so many steps.
    let stepDecay factor every rate = Schedule.Step(rate, factor, every)

    /// Falls as rate e^(-k t).
    let exponentialDecay decay rate = Schedule.Exponential(rate, decay)

    /// Falls as rate / (1 + k t).
    let inverseTime decay rate = Schedule.InverseTime(rate, decay)

    /// Falls along half a wave from the rate to 0.
    let cosine rate steps = Schedule.Cosine(rate, steps)

    /// Rises to the peak in the first fifth of the steps, and falls to 0 along half a wave.
    let oneCycle peak steps = Schedule.OneCycle(peak, steps)

    /// Rises in a straight line to a schedule's first rate, before it begins.
    let warmUp (steps: int64) (schedule: Schedule) = schedule.WarmUp steps

    /// Follows the second schedule for so many steps, then the first: `cosine 0.1 900L |> after 100L (Schedule.Constant 0.1)`.
    let after (steps: int64) (first: Schedule) (next: Schedule) = first.Then(next, steps)

    /// Begins a schedule again every so many steps.
    let repeatEvery (steps: int64) (schedule: Schedule) = schedule.Repeat steps

    /// Multiplies the rate by a factor after so many epochs in a row without a lower validation loss; give it to the trainer's options too.
    let reduceOnPlateau factor patience rate =
        Schedule.ReduceOnPlateau(rate, factor, patience)
