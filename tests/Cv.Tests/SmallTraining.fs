/// A short training of a small net: what the tests of layers that train differently from what they predict have in common.
module Cv.Tests.SmallTraining

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

/// A net of six numbers and three classes, how its numbers are spread, and what is added to its loss.
type SmallNet = { Net: Model; Spread: float -> float; Penalty: Func<Expr, Expr> | null }

let program net width threads =
    Training.Compile(
        net.Net,
        Func<_, _, _>(fun scores labels -> scores.SoftmaxCrossEntropy labels),
        Optimiser.Momentum 0.1,
        net.Penalty,
        CompileOptions(Threads = threads, Width = width),
        metrics = [ Metric.Accuracy ]
    )

/// Examples whose class is where the largest of the first three numbers stands.
let examples net seed count =
    let noise = RandomStream(seed, "batch")

    let x =
        Array.init (count * 6) (fun i -> float32 (net.Spread(noise.Normal(int64 i))))

    let labels =
        Array.init count (fun i -> [ 0..2 ] |> List.maxBy (fun c -> x[6 * i + c]))

    [| Binding("x", Tensor.From(shape [ count; 6 ], x)); Binding("labels", Tensor.From labels) |]

/// The program, and the state after so many steps of 64 examples.
let trained net width threads steps =
    let program = program net width threads
    let kept = program.Initialise 1UL

    for step in 1..steps do
        program.Step.Call(kept, examples net (uint64 step) 64) |> ignore

    program, kept

/// All numbers of a state.
let bits (kept: ModelState) = [ for name in kept.Names -> name, List.ofArray (kept[name].ToDoubles()) ]

/// Five steps give the same state on any number of threads, at each width.
let sameBits net = [
    for width in Run.widths do
        testCase $"the same bits on 1, 2 and 3 threads, {width}"
        <| fun () ->
            let after threads =
                bits (snd (trained net width threads 5))

            let one = after 1
            Expect.equal (after 2) one "2"
            Expect.equal (after 3) one "3"
]
