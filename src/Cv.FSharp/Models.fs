namespace Cv.FSharp

open Cv.Dsl

/// Names well-known nets: the shape of one image, then the number of classes: `convNetJs [ 32; 32; 3 ] 10`. C#'s `Models` has more settings.
[<AutoOpen>]
module WellKnown =
    /// Builds a linear classifier.
    let linearClassifier (image: int list) classes =
        Models.Linear(Shape.Of(image: int seq), classes)

    /// Builds a fully connected net: `fullyConnected [ 28; 28; 1 ] [ 256; 128 ] 10`.
    let fullyConnected (image: int list) (hidden: int list) classes =
        Models.FullyConnected(Shape.Of(image: int seq), hidden, classes)

    /// Builds LeNet-5.
    let leNet5 (image: int list) classes =
        Models.LeNet5(Shape.Of(image: int seq), classes)

    /// Builds the net of ConvNetJS's CIFAR-10 demo.
    let convNetJs (image: int list) classes =
        Models.ConvNetJs(Shape.Of(image: int seq), classes)

    /// Builds Caffe's cifar10_quick.
    let cifar10Quick (image: int list) classes =
        Models.Cifar10Quick(Shape.Of(image: int seq), classes)

    /// Builds the net of Keras's cifar10_cnn.
    let kerasCifar10 (image: int list) classes =
        Models.KerasCifar10(Shape.Of(image: int seq), classes)

    /// Builds a small VGG net.
    let smallVgg (image: int list) classes =
        Models.SmallVgg(Shape.Of(image: int seq), classes)

    /// Builds a residual net with so many blocks in each of its three groups: `smallResNet 3 [ 32; 32; 3 ] 10` is ResNet-20.
    let smallResNet blocks (image: int list) classes =
        Models.SmallResNet(Shape.Of(image: int seq), classes, blocks)

    /// Sums up a model's layers: shapes, parameters, FLOPs and memory of a batch: `net |> summary 64 |> string`.
    let summary batch (net: Model) = net.Summary batch
