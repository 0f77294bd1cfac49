/// Graphs go deep: nothing recurses to their depth, and time is linear in the ops.
module Cv.Tests.DepthTests

open System
open System.Diagnostics
open System.Threading
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

/// A chain of so many ops, that neither vanishes nor explodes.
let private chain ops (x: Expr) =
    let mutable e = x

    for i in 1..ops do
        e <-
            match i % 4 with
            | 0 -> e.Tanh()
            | 1 -> e * 1.25
            | 2 -> e + x
            | _ -> e.Maximum -0.75

    e

/// On a stack of one megabyte, the least that platforms give a program.
let private onStack (run: unit -> 'a) : 'a =
    let mutable result = Unchecked.defaultof<'a>
    let mutable failure = None

    let thread =
        Thread(
            (fun () ->
                try
                    result <- run ()
                with ex ->
                    failure <- Some ex),
            1024 * 1024
        )

    thread.Start()
    thread.Join()
    failure |> Option.iter raise
    result

/// The chain's loss and gradient: built, differentiated, compiled and called.
let private road ops =
    let x = Expr.Input("x", shape [ 5 ], DType.F64)
    let loss = (chain ops x).Sum()
    let graph = Graph(loss, Gradient.Of(loss, x)[0])
    let f = Compile.Function(graph)
    let input = Binding("x", Tensor.From(shape [ 5 ], [| 0.5; -0.25; 0.1; -1.0; 2.0 |]))
    let values (tensors: Tensor seq) = [ for tensor in tensors -> tensor.ToDoubles() ]
    values (f.Call(input)), values (Interpreter.Run(graph, null, input))

let private processorTime run =
    let before = Process.GetCurrentProcess().TotalProcessorTime
    run () |> ignore
    (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds

[<Tests>]
let tests =
    testList "depth" [
        testCase "a chain of 10,000 ops is built, differentiated, compiled and run"
        <| fun () ->
            let actual, expected = onStack (fun () -> road 10_000)
            Expect.isTrue (Run.near 1e-9 actual expected) $"%A{actual}, and interpreted %A{expected}"
            Expect.all (List.concat (List.map List.ofArray actual)) Double.IsFinite "finite"

        testCase "it is differentiated forward, and batched"
        <| fun () ->
            let x = Expr.Input("x", shape [ 5 ], DType.F64)
            let dx = Expr.Input("dx", shape [ 5 ], DType.F64)

            let forward, back, batch =
                onStack (fun () ->
                    let y = chain 10_000 x
                    let dy = Jvp.Of(y, [| x |], [| dx |]).Sum()
                    dy, (Gradient.Of(y.Sum(), x)[0] * dx).Sum(), Vmap.Of(dy, Dim 2, x))

            let bindings = [ "x", [| 0.5; -0.25; 0.1; -1.0; 2.0 |]; "dx", [| 1.0; 2.0; -1.0; 0.5; 0.25 |] ]
            let twice = ("x", Array.append (snd bindings[0]) (snd bindings[0])) :: bindings.Tail
            let expected = Evaluate.item bindings back
            Expect.floatClose Accuracy.veryHigh (Evaluate.item bindings forward) expected "forward and back"

            for value in Evaluate.value twice batch do
                Expect.floatClose Accuracy.veryHigh value expected "each example"

        testSequenced (
            testCase "four times the ops take about four times as long" (fun () ->
                onStack (fun () -> road 500) |> ignore
                let short = processorTime (fun () -> onStack (fun () -> road 2_000))
                let long = processorTime (fun () -> onStack (fun () -> road 8_000))
                // 4 would be linear, 16 quadratic
                Expect.isLessThan (long / short) 9.0 $"{long} s for 8,000 ops, {short} s for 2,000")
        )
    ]
