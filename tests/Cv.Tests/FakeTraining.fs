/// Functions that stand for compiled ones, and what listens to a trainer.
module Cv.Tests.FakeTraining

open System
open System.Collections.Generic
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.BatchesTests
open Expecto

/// A clock that stands still until it is told.
type Clock() =
    inherit TimeProvider()
    let mutable now = 0L
    override _.GetTimestamp() = now
    override _.TimestampFrequency = 1000L
    member _.Advance(milliseconds: int64) = now <- now + milliseconds

/// Metrics of one name.
let measured value =
    MetricValues [ MetricValue("accuracy", value, true) ]

let weights (state: ModelState) = state["w"].ToArray<float32>()[0]
let steps (state: ModelState) = int (state["steps"].Item())

let initial () =
    ModelState.Initialise([ Expr.Parameter("w", Shape.Scalar); Expr.State("steps", Shape.Scalar) ], 1UL)

/// Two scalars, and what is found when they are not finite: how many updates the state had.
type Fake(run: ModelState -> Batch -> float * float) =
    interface IFunction with
        member _.Inputs = [||]
        member _.Metrics = [| Metric.Accuracy |]

        member _.Call(state, inputs) =
            let loss, accuracy = run state (Batch(inputs[0].Value, inputs[1].Value))
            [| Tensor.Scalar(float32 loss); Tensor.Scalar(float32 accuracy) |]

        member _.FirstNonFinite(state, inputs) =
            let places = places (Batch(inputs[0].Value, inputs[1].Value))

            if Single.IsFinite(weights state) then
                null
            else
                NonFiniteReport("log : f32[]", $"after {steps state} updates, w {string (weights state)}, on %A{places}")

/// An update that tells apart every order of the images, and may break the weights.
let update poisoned (state: ModelState) (batch: Batch) =
    let w = state["w"].AsSpan<float32>()
    let count = state["steps"].AsSpan<float32>()
    let loss = 1.0f / (1.0f + count[0]) + 0.0f * w[0]

    for label in batch.Labels.ToArray<int>() do
        w[0] <- w[0] * 0.9f + float32 label

    count[0] <- count[0] + 1.0f

    if int count[0] = poisoned then
        w[0] <- infinityf

    float loss, 0.5

let stepper poisoned = Fake(update poisoned)

let judge =
    Fake(fun state _ -> 1.0 / (1.0 + float (steps state)) + 0.0 * float (weights state), 0.25)

let train () = new Batches(numbered 10, 4, seed = 3UL)

/// The state after so many updates of a run that nothing disturbs.
let after updates =
    let state = initial ()
    use batches = train ()
    let step = stepper 0 :> IFunction

    for update in 0 .. updates - 1 do
        step.Call(state, batches.Get(1 + update / batches.Count, update % batches.Count).Inputs())
        |> ignore

    state

let sameState (actual: ModelState) (expected: ModelState) message =
    for name in expected.Names do
        Expect.equal
            (actual[name].ToArray<float32>() |> Array.map BitConverter.SingleToInt32Bits)
            (expected[name].ToArray<float32>() |> Array.map BitConverter.SingleToInt32Bits)
            $"{message}: {name}"

type Recorder() =
    let events = List<TrainingEvent>()
    member val OnEvent: TrainingEvent -> unit = ignore with get, set
    member _.Events = List.ofSeq events

    interface IProgress<TrainingEvent> with
        member this.Report event =
            events.Add event
            this.OnEvent event

/// Events without their times.
let name (event: TrainingEvent) =
    match event with
    | :? TrainingStarted as e -> $"started {e.Epochs} x {e.StepsPerEpoch}, {e.Images} images"
    | :? StepTaken as e -> $"step {e.Step} of epoch {e.Epoch}"
    | :? EpochEnded as e -> $"epoch {e.Epoch} ended"
    | :? TrainingStopped as e -> $"stopped: {e.Reason}, {e.Epochs} epochs, {e.Steps} steps"
    | other -> failtest $"unknown event {other}"
