namespace Cv.FSharp

open Cv.Compiler
open Cv.Dsl
open Cv.Runtime

/// Compiles and runs graphs.
[<AutoOpen>]
module Compiling =
    /// Compiles a function of some outputs; its kernels are made at the first call.
    let compile (outputs: Expr list) =
        Compile.Function(Graph(List.toArray outputs))

    /// Compiles with options: threads and vector width.
    let compileWith (options: CompileOptions) (outputs: Expr list) =
        Compile.Function(Graph(List.toArray outputs), options)

    /// Compiles a model's training step. The loss takes labels, then scores: `net |> compileTraining softmaxCrossEntropy (momentum 0.1)`.
    let compileTraining loss optimiser model =
        Training.Compile(model, (fun scores labels -> loss labels scores), optimiser)

    /// Compiles a model's training step with a penalty on each weight: `net |> compilePenalised (fun w -> 1e-4 * l2 w) multiclassSvm (adam 1e-3)`.
    let compilePenalised (penalty: Expr -> Expr) loss optimiser model =
        Training.Compile(model, (fun scores labels -> loss labels scores), optimiser, penalty)

    /// Compiles a model's training step that gives metrics beside the loss: `net |> compileMeasured [ Metric.Accuracy ] softmaxCrossEntropy (adam 1e-3)`.
    let compileMeasured (metrics: Metric list) loss optimiser model =
        Training.Compile(model, (fun scores labels -> loss labels scores), optimiser, metrics = metrics)

    /// Makes an f32 tensor from its elements, row-major: `tensor [ 1; 3 ] [ 0.5f; 1.0f; 2.0f ]`.
    let tensor dims (values: float32 list) =
        Tensor.From(fixedShape dims, List.toArray values)

    /// Makes the tensor of a batch's labels.
    let labelTensor (values: int list) = Tensor.From(List.toArray values)

    /// Makes the first values of the parameters and states that a function reads.
    let initialise seed (f: CompiledFunction) = ModelState.Initialise(f.Leaves, seed)

    /// Gives a function for batches of any size, which are cut into pieces of one size and powers of two: `program.Predict |> inBatches 64`
    let inBatches size (f: CompiledFunction) = f.InBatches size

    /// Calls a function of inputs alone: `call f [ "x", images ]`. The results are the caller's, to dispose or to forget.
    let call (f: CompiledFunction) (inputs: (string * Tensor) list) =
        f.Call [| for name, value in inputs -> Binding(name, value) |] |> List.ofSeq

    /// Calls a function that reads parameters or states, and updates them.
    let callWith (state: ModelState) (f: IFunction) (inputs: (string * Tensor) list) =
        f.Call(state, [| for name, value in inputs -> Binding(name, value) |])
        |> List.ofSeq

    /// Calls a function that reads or updates a state, into the caller's tensors: a loop allocates nothing. `callInto state f figures [ "x", images ]`
    let callInto (state: ModelState) (f: IFunction) (results: Tensor list) (inputs: (string * Tensor) list) =
        f.CallInto(state, List.toArray results, [| for name, value in inputs -> Binding(name, value) |])
