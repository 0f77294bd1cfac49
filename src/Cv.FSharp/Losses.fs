namespace Cv.FSharp

open Cv.Dsl

/// Names the losses and penalties; the scores, or the weights, come last.
[<AutoOpen>]
module Losses =
    /// Turns scores into probabilities along the last dim.
    let softmax (scores: Expr) = scores.Softmax()

    /// Turns scores into logarithms of probabilities along the last dim.
    let logSoftmax (scores: Expr) = scores.LogSoftmax()

    /// Measures how improbable the right classes are, in nats, averaged over the batch.
    let softmaxCrossEntropy labels (scores: Expr) = scores.SoftmaxCrossEntropy labels

    /// Measures by how much wrong classes come within a margin of 1 of the right one (Weston and Watkins), averaged over the batch.
    let multiclassSvm labels (scores: Expr) = scores.MulticlassSvm labels

    /// Measures as multiclassSvm does, by a margin of one's own.
    let multiclassSvmOf (margin: float) labels (scores: Expr) = scores.MulticlassSvm(labels, margin)

    /// Measures as multiclassSvm does, with each hinge squared.
    let multiclassSquaredHinge labels (scores: Expr) = scores.MulticlassSquaredHinge labels

    /// Averages the squared differences over all elements.
    let meanSquaredError targets (predictions: Expr) = predictions.MeanSquaredError targets

    /// Gives the fraction of rows whose highest score is at the label.
    let accuracy labels (scores: Expr) = scores.Accuracy labels

    /// Adds up the squares of all elements.
    let l2 (w: Expr) = w.L2()

    /// Adds up the absolute values of all elements.
    let l1 (w: Expr) = w.L1()

    /// Mixes both penalties: beta l2 + l1.
    let elastic (beta: float) (w: Expr) = w.Elastic beta
