namespace Cv.FSharp

open Cv.Dsl

/// Names layers as functions from node to node, and joins them to models.
[<AutoOpen>]
module Layers =
    /// Makes layers a value that is shared: each application of the function it gives uses the same parameters: `let encode = layer (dense 64 >> relu >> dense 16)`, then
    /// `encode left` and `encode right`. The function may take a tuple or a list of nodes. What a verb makes without it is a layer of its own at each use.
    let layer (f: 'input -> 'output) : 'input -> 'output =
        let shared = Layer.Of(System.Func<'input, 'output> f)
        shared.Apply

    /// Applies a fully connected layer: `x |> dense 256 |> relu`. Its parameters are dense1.w and dense1.b, then dense2.w and so on.
    let dense outputs (x: Expr) = x.Dense outputs

    /// Applies a fully connected layer whose weights start as the initialiser says.
    let denseFrom (weights: Initialiser) outputs (x: Expr) = x.Dense(outputs, weights)

    /// Applies a fully connected layer of a chosen name: layers of one name share their parameters.
    let linear name outputs (x: Expr) = x.Linear(outputs, name)

    /// Applies a convolutional layer, windows side by side on pixels alone: `x |> conv 16 5 |> relu`. Its parameters are conv1.w and conv1.b, then conv2.w and
    /// so on. Other settings: `fun x -> x.Conv(16, 3, dilation = 2)`.
    let conv filters size (x: Expr) = x.Conv(filters, size)

    /// Applies a convolutional layer with padding: `x |> paddedConv Padding.Same 16 5`.
    let paddedConv (padding: Padding) filters size (x: Expr) =
        x.Conv(filters, size, padding = padding)

    /// Applies a convolutional layer with a stride and padding: `x |> stridedConv 2 Padding.Same 16 3`.
    let stridedConv stride (padding: Padding) filters size (x: Expr) = x.Conv(filters, size, stride, padding)

    /// Applies a convolutional layer whose filters see the channels of one group each.
    let groupedConv groups (padding: Padding) filters size (x: Expr) =
        x.Conv(filters, size, padding = padding, groups = groups)

    /// Applies a convolutional layer to each channel alone: `x |> depthwiseConv Padding.Same 3`.
    let depthwiseConv (padding: Padding) size (x: Expr) =
        x.DepthwiseConv(size, padding = padding)

    /// Applies a transposed convolution, which makes images larger by the stride: `x |> convTranspose 2 Padding.Same 8 3`.
    let convTranspose stride (padding: Padding) filters size (x: Expr) =
        x.ConvTranspose(filters, size, stride, padding)

    /// Takes the largest pixel of each window, windows side by side: `x |> maxPool 2`.
    let maxPool (size: int) (x: Expr) = x.MaxPool size

    /// Takes the largest pixel of each window, with a stride and padding: `x |> stridedMaxPool 2 Padding.Valid 3`.
    let stridedMaxPool (stride: int) (padding: Padding) (size: int) (x: Expr) = x.MaxPool(size, stride, padding)

    /// Takes the smallest pixel of each window.
    let minPool (size: int) (x: Expr) = x.MinPool size

    /// Averages the pixels of each window.
    let avgPool (size: int) (x: Expr) = x.AvgPool size

    /// Averages each channel over the whole image: [N,H,W,C] becomes [N,C].
    let globalAvgPool (x: Expr) = x.GlobalAvgPool()

    /// Takes the largest pixel of each channel: [N,H,W,C] becomes [N,C].
    let globalMaxPool (x: Expr) = x.GlobalMaxPool()

    /// Lays out each example as one row.
    let flatten (x: Expr) = x.Flatten()

    /// Normalises each channel over the batch, and by running statistics after training: `x |> dense 100 |> batchNorm |> relu`.
    let batchNorm (x: Expr) = x.BatchNorm()

    /// Normalises each row of features by itself.
    let layerNorm (x: Expr) = x.LayerNorm()

    /// Normalises each of so many groups of channels of each example by itself: `x |> conv 64 3 |> groupNorm 8 |> relu`.
    let groupNorm (groups: int) (x: Expr) = x.GroupNorm groups

    /// Lets positive elements through and scales the others by slopes of its own, one a channel, which are trained.
    let preluLayer (x: Expr) = x.Prelu()

    /// Drops a part of the elements in training: `x |> dense 256 |> relu |> dropout 0.5`.
    let dropout (rate: float) (x: Expr) = x.Dropout rate

    /// Makes a model of layers over a batch of examples of the given dims: `model [ 784 ] (dense 256 >> relu >> dense 10)`.
    let model (example: int list) (layers: Expr -> Expr) =
        Model.Input(List.toArray example).Then layers

    /// Makes a model of a list of layers, each a stage of its own: `layered [ 784 ] [ dense 256; relu; dense 10 ]`. Its `Summary()` tells them apart.
    let layered (example: int list) (layers: (Expr -> Expr) list) =
        (Model.Input(List.toArray example), layers)
        ||> List.fold (fun net layer -> net.Then layer)

    /// Gives a model under a name, with layers of its own: `net |> named "critic"` has critic/dense1 where net has dense1. For models that meet in one graph or state.
    let named name (net: Model) = net.Named name

    /// Makes a model of an input and the node computed from it: `x |> dense 10 |> modelOf x`.
    let modelOf input output = Model(input, output)
