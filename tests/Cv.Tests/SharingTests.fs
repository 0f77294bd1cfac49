/// Compiling costs as much as there is to compile: equal kernels are compiled once, and what is dropped is collected.
module Cv.Tests.SharingTests

open System
open System.Linq.Expressions
open System.Runtime.CompilerServices
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private one = CompileOptions(Threads = 1)

/// The kernels that the process compiled while it ran; alone, for tests beside it compile too.
let private compiled (run: unit -> unit) =
    let before = KernelCache.Compiled
    run ()
    KernelCache.Compiled - before

let private call (f: CompiledFunction) size =
    f.Call(Binding("x", Tensor.From(shape [ size ], Array.create size 1f))).[0].Item()

let private function' name scale size =
    Compile.Function(Graph((Expr.Input(name, shape [ size ]) * Expr.Const(scale)).Tanh().Sum()), one)

let private net (width: int) layers =
    let mutable model = Model.Input(width)

    for i in 1..layers do
        model <- model.Then(fun x -> x + x.Linear(width, $"layer{i}").Relu())

    let loss =
        Func<Expr, Expr, Expr>(fun scores labels -> scores.SoftmaxCrossEntropy(labels))

    Training.Compile(model.Dense(10), loss, Optimiser.Momentum 0.1, options = one)

let private step (program: TrainingProgram) width =
    use state = program.Initialise 1UL

    let x =
        Tensor.From(shape [ 8; width ], Array.init (8 * width) (fun i -> float32 (i % 5)))

    let labels = Tensor.From(shape [ 8 ], Array.init 8 id)
    program.Step.Call(state, Binding("x", x), Binding("labels", labels)).[0].Item()

/// Compiles a graph of its own, calls it, and drops all but a weak reference.
[<MethodImpl(MethodImplOptions.NoInlining)>]
let private compileAndDrop round =
    let f = function' "x" (1.0 + float round) 16
    call f 16 |> ignore
    WeakReference f

let private settledBytes () =
    for _ in 1..3 do
        GC.Collect()
        GC.WaitForPendingFinalizers()

    GC.GetTotalMemory true

/// The rounds of the drop test; all 10,000 of the issue by CVDSL_DROP_ROUNDS=10000.
let private rounds =
    match Int32.TryParse(Environment.GetEnvironmentVariable "CVDSL_DROP_ROUNDS") with
    | true, rounds -> rounds
    | _ -> 500

let private fingerprint (tree: Expression<Func<float, float>>) = Fingerprint.Of tree

type private Trees =
    static member Of(tree: Expression<Func<float, float>>) = fingerprint tree

[<Tests>]
let prints =
    testList "fingerprint" [
        testCase "equal trees have equal prints, names apart" (fun () ->
            Expect.equal (Trees.Of(fun x -> x * 2.0 + x)) (Trees.Of(fun y -> y * 2.0 + y)) "x and y")
        for name, other in
            [
                "a constant", Trees.Of(fun x -> x * 3.0 + x)
                "the order", Trees.Of(fun x -> x + x * 2.0)
                "an operator", Trees.Of(fun x -> x * 2.0 - x)
                "a function", Trees.Of(fun x -> Math.Abs(x * 2.0) + x)
            ] do
            testCase $"another print for another tree: {name}"
            <| fun () -> Expect.notEqual (Trees.Of(fun x -> x * 2.0 + x)) other "prints"
    ]

[<Tests>]
let tests =
    testSequenced (
        testList "sharing" [
            testCase "a function of the same code compiles nothing" (fun () ->
                let first = function' "x" 2.5 64
                let expected = call first 64
                let second = function' "x" 2.5 64
                let fresh = compiled (fun () -> Expect.equal (call second 64) expected "the sum")
                Expect.equal fresh 0L "kernels compiled"
                GC.KeepAlive first)
            testCase "a net of layers without names, written again, compiles nothing" (fun () ->
                let program () =
                    let net =
                        Model.Input(24).Dense(24).Relu().Dropout(0.5).Then(fun x -> x.Dense 24 * x.Dense(24).Sigmoid()).Dense(10)

                    let loss =
                        Func<Expr, Expr, Expr>(fun scores labels -> scores.SoftmaxCrossEntropy(labels))

                    Training.Compile(net, loss, Optimiser.Adam 0.01, options = one)

                let first = program ()
                let expected = step first 24

                let fresh =
                    compiled (fun () -> Expect.equal (step (program ()) 24) expected "the loss")

                Expect.equal fresh 0L "kernels compiled"
                GC.KeepAlive first)
            testCase "another constant is other code" (fun () ->
                let first = function' "x" 2.5 64
                let second = function' "x" 3.5 64
                Expect.notEqual (call first 64) (call second 64) "the sums")
            testCase "layers of one shape share their kernels" (fun () ->
                let few = compiled (fun () -> step (net 24 8) 24 |> ignore)
                let many = compiled (fun () -> step (net 24 60) 24 |> ignore)
                Expect.isLessThanOrEqual many (few + 10L) $"kernels compiled: {few} for 8 layers, {many} for 60")
            testCase "ten times the layers are not ten times the work each" (fun () ->
                let bytesPerLayer layers =
                    let before = GC.GetTotalAllocatedBytes true
                    step (net 20 layers) 20 |> ignore
                    float (GC.GetTotalAllocatedBytes true - before) / float layers

                bytesPerLayer 20 |> ignore
                let few, many = bytesPerLayer 20, bytesPerLayer 200
                Expect.isLessThan many (1.5 * few) "bytes allocated a layer, of 200 layers and of 20")
            testCase $"compiling and dropping {rounds} functions does not grow memory" (fun () ->
                for round in 1..50 do
                    compileAndDrop -round |> ignore

                let before = settledBytes ()
                let dropped = [ for round in 1..rounds -> compileAndDrop round ]
                let after = settledBytes ()
                let alive = dropped |> List.filter _.IsAlive |> List.length
                Expect.isLessThanOrEqual alive 1 "functions alive"
                Expect.isLessThan (after - before) 1_000_000L $"bytes kept after {rounds} rounds")
        ]
    )
