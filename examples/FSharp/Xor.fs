module Cv.Examples.FSharp.Xor

open Cv.Compiler
open Cv.Dsl
open Cv.FSharp
open Cv.Runtime

let run () =
    let net = model [ 2 ] (dense 8 >> tanh >> dense 2)
    let loss scores labels = scores |> softmaxCrossEntropy labels
    let program = Training.Compile(net, loss, adam 0.05, metrics = [ Metric.Accuracy ])
    use state = program.Initialise 1UL
    let x = Tensor.From(array2D [ [ 0f; 0f ]; [ 0f; 1f ]; [ 1f; 0f ]; [ 1f; 1f ] ])
    let labels = Tensor.From [| 0; 1; 1; 0 |]

    for step in 0..100 do
        let figures = program.Step.Call(state, Binding("x", x), Binding("labels", labels))

        if step % 25 = 0 then
            printfn $"step {step, 3}: loss {figures[0].Item():F4}, accuracy {figures[1].Item():F2}"
