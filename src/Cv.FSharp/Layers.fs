namespace Cv.FSharp

open Cv.Dsl

/// Names gates and layers as functions from node to node, and joins them to models.
[<AutoOpen>]
module Layers =
    /// Lets positive elements through and makes the others 0.
    let relu (x: Expr) = x.Relu()

    /// Lets positive elements through and shrinks the others by a slope.
    let leakyRelu (slope: float) (x: Expr) = x.LeakyRelu slope

    /// Applies a fully connected layer: `x |> dense 256 |> relu`. Its parameters are dense1.w and dense1.b, then dense2.w and so on.
    let dense outputs (x: Expr) = x.Dense outputs

    /// Applies a fully connected layer whose weights start as the initialiser says.
    let denseFrom (weights: Initialiser) outputs (x: Expr) = x.Dense(outputs, weights)

    /// Applies a fully connected layer of a name of its own: two branches that leave one node need names to stay apart.
    let linear name outputs (x: Expr) = x.Linear(outputs, name)

    /// Lays out each example as one row.
    let flatten (x: Expr) = x.Flatten()

    /// Normalises each channel over the batch, and by running statistics after training: `x |> dense 100 |> batchNorm |> relu`.
    let batchNorm (x: Expr) = x.BatchNorm()

    /// Normalises each row of features by itself.
    let layerNorm (x: Expr) = x.LayerNorm()

    /// Makes a model of layers over a batch of examples of the given dims: `model [ 784 ] (dense 256 >> relu >> dense 10)`.
    let model (example: int list) (layers: Expr -> Expr) =
        Model.Input(List.toArray example).Then layers

    /// Makes a model of an input and the node computed from it: `x |> dense 10 |> modelOf x`.
    let modelOf input output = Model(input, output)

    /// Computes a model from another input, with the same parameters.
    let apply (model: Model) x = model.Apply x
