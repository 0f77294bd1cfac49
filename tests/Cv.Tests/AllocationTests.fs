/// A compiled step runs without the garbage collector: a call allocates nothing, and keeps nothing of the caller's.
module Cv.Tests.AllocationTests

open System
open System.Runtime.CompilerServices
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private step threads =
    let model = Model.Input(20).Dense(40).Relu().Dense(10)

    let loss =
        Func<Expr, Expr, Expr>(fun scores labels -> scores.SoftmaxCrossEntropy(labels))

    let program =
        Training.Compile(model, loss, Optimiser.Adam(1e-3), options = CompileOptions(Threads = threads))

    let batch = [|
        Binding("x", Tensor.From(shape [ 64; 20 ], Array.init (64 * 20) (fun i -> float32 (i % 7))))
        Binding("labels", Tensor.From(shape [ 64 ], Array.init 64 (fun i -> i % 10)))
    |]

    program, program.Initialise 1UL, batch

let private allocated run =
    let before = GC.GetAllocatedBytesForCurrentThread()
    run ()
    GC.GetAllocatedBytesForCurrentThread() - before

let private bytesPerCall threads =
    let program, state, batch = step threads

    let figures = [| for output in program.Step.Outputs -> Tensor.Zeros(output.Shape, output.DType) |]

    let call () =
        program.Step.CallInto(state, figures, batch)

    for _ in 1..100 do
        call ()

    let tenCalls () =
        for _ in 1..10 do
            program.Step.CallInto(state, figures, batch)

    tenCalls ()
    allocated tenCalls

/// Not inlined, so that no register of the caller's keeps the tensor.
[<MethodImpl(MethodImplOptions.NoInlining)>]
let private callAndForget (f: CompiledFunction) =
    let input = Tensor.From(shape [ 4 ], [| 1f; 2f; 3f; 4f |])
    f.Call(Binding("v", input)) |> ignore
    WeakReference input

[<Tests>]
let tests =
    testList "allocation" [
        for threads in [ 1; 2; 3 ] do
            testCase $"a training step on {threads} threads allocates nothing"
            <| fun () -> Expect.equal (bytesPerCall threads) 0L "bytes in ten calls"

        testCase "an input is forgotten when the call has ended"
        <| fun () ->
            let f = Compile.Function(Expr.Input("v", shape [ 4 ]) * 2.0f)
            let input = callAndForget f
            GC.Collect()
            Expect.isFalse input.IsAlive "the tensor"
            GC.KeepAlive f

        testCase "code for the extents used last is kept, and any extents compute right"
        <| fun () ->
            let v = Expr.Input("v", shapeOf [ Dim "N" ])
            let f = Compile.Function(Graph(v.Sum()), CompileOptions(CachedShapes = 2))

            for n in [ 1; 2; 3; 1; 3; 3; 2; 1 ] do
                let sum =
                    f.Call(Binding("v", Tensor.From(shape [ n ], Array.create n 1f))).[0].Item()

                Expect.equal sum (float n) $"the sum of {n} ones"

        testCase "no room for code is refused"
        <| fun () ->
            Expect.throwsC
                (fun () ->
                    Compile.Function(Graph(Expr.Input("v", shape [ 4 ])), CompileOptions(CachedShapes = 0))
                    |> ignore)
                (fun ex ->
                    Expect.equal
                        (Mistakes.text ex)
                        "compile: code must be kept for at least 1 set of extents; got 0. Leave it out for 16."
                        "the text")
    ]
