/// Every pass keeps types, values and gradients.
module Cv.Tests.PassTests

open Cv.Compiler
open Cv.Dsl
open Expecto
open FsCheck.FSharp

let private near = Run.near 1e-10

/// A random graph in f64, with the gradients of all its outputs, and what the interpreter makes of it.
let private prepared (graph: Graphs.Graph) =
    let outputs = graph.Outputs |> List.map _.WithDType(DType.F64)
    let all = outputs @ Graphs.gradientsOf outputs
    let values = Evaluate.randomBindings graph.Seed all
    all, values, Run.interpreted all values

let private types (nodes: Expr seq) = [ for node in nodes -> node.Type.ToString() ]

[<Tests>]
let tests =
    testList "passes" [
        testProperty "each keeps types, values and gradients"
        <| Prop.forAll (Graphs.graphs 16) (fun graph ->
            let all, values, expected = prepared graph
            let mutable current = Graph(Array.ofList all)

            for pass in Pipeline.Passes do
                current <- pass.Run.Invoke current
                let outputs = List.ofSeq current.Outputs
                Expect.equal (types outputs) (types all) $"{pass.Name} keeps types"

                if not (near (Run.interpreted outputs values) expected) then
                    failtest $"{pass.Name} changed a value\n{Evaluate.text all}\nit became\n{Evaluate.text outputs}")

        testProperty "each has nothing left to do after it ran"
        <| Prop.forAll (Graphs.graphs 16) (fun graph ->
            let all, _, _ = prepared graph
            let mutable current = Graph(Array.ofList all)

            for pass in Pipeline.Passes do
                current <- pass.Run.Invoke current
                Expect.isTrue (obj.ReferenceEquals(pass.Run.Invoke current, current)) $"{pass.Name}, run again, gives the same object")

        testProperty "the gradient of what was simplified is the gradient"
        <| Prop.forAll (Graphs.graphs 16) (fun graph ->
            let outputs = graph.Outputs |> List.map _.WithDType(DType.F64)
            let loss = Graphs.lossOf outputs
            let leaves = Graphs.reached loss
            let simplify = Pipeline.Passes |> Seq.find (fun pass -> pass.Name = "simplify")
            let simpler = simplify.Run.Invoke(Graph loss).Outputs[0]
            let still = Graphs.reached simpler

            let gradient (loss: Expr) =
                Gradient.Of(loss, Array.ofList still) |> List.ofSeq

            let values = Evaluate.randomBindings graph.Seed [ loss ]
            Expect.all still (fun leaf -> List.contains leaf leaves) "no leaf is new"

            near (Run.interpreted (gradient simpler) values) (Run.interpreted (gradient loss) values))

        testProperty "compiled gradients agree with the interpreter's"
        <| Prop.forAll (Graphs.graphs 12) (fun graph ->
            let all, values, expected = prepared graph
            let width, threads = Run.widths[graph.Seed % 3], 1 + graph.Seed / 3 % 3
            near (Run.compiled width threads all values) expected)
    ]
