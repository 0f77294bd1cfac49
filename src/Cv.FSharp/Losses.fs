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

    /// Measures how improbable targets from 0 to 1, or labels 0 and 1, are by their scores, in nats, averaged over all elements.
    let binaryCrossEntropy targets (scores: Expr) = scores.BinaryCrossEntropy targets

    /// Measures by how much wrong classes come within a margin of 1 of the right one (Weston and Watkins), averaged over the batch.
    let multiclassSvm labels (scores: Expr) = scores.MulticlassSvm labels

    /// Measures as multiclassSvm does, by a margin of one's own.
    let multiclassSvmOf (margin: float) labels (scores: Expr) = scores.MulticlassSvm(labels, margin)

    /// Measures as multiclassSvm does, with each hinge squared.
    let multiclassSquaredHinge labels (scores: Expr) = scores.MulticlassSquaredHinge labels

    /// Averages the squared differences over all elements.
    let meanSquaredError targets (predictions: Expr) = predictions.MeanSquaredError targets

    /// Averages what differences cost, squared while they are small and straight beyond delta.
    let huber (delta: float) targets (predictions: Expr) = predictions.Huber(targets, delta)

    /// Averages the magnitudes of differences, rounded within beta of 0.
    let smoothL1 (beta: float) targets (predictions: Expr) = predictions.SmoothL1(targets, beta)

    /// Measures as softmaxCrossEntropy does, and counts little what is nearly right.
    let focalLoss (gamma: float) labels (scores: Expr) = scores.FocalLoss(labels, gamma)

    /// Measures as softmaxCrossEntropy does, against targets of which all classes share a part.
    let labelSmoothing (part: float) labels (scores: Expr) = scores.LabelSmoothing(labels, part)

    /// Averages max(1 - s t, 0), for targets of 1 or -1.
    let hinge targets (scores: Expr) = scores.Hinge targets

    /// Averages max(1 - s t, 0)^2, for targets of 1 or -1.
    let squaredHinge targets (scores: Expr) = scores.SquaredHinge targets

    /// Measures how far predicted probabilities, given as logarithms, are from the targets.
    let klDivergence targets (logarithms: Expr) = logarithms.KlDivergence targets

    /// Gives the cosine of the angle between vectors along the last dim.
    let cosineSimilarity b (a: Expr) = a.CosineSimilarity b

    /// Draws vectors of a kind together and pushes others apart, up to a margin: `left |> contrastive 1.0 right same`.
    let contrastive (margin: float) b same (a: Expr) = a.Contrastive(b, same, margin)

    /// Wants each vector nearer to one of its kind than to another, by a margin: `anchor |> triplet 0.2 positive negative`.
    let triplet (margin: float) positive negative (anchor: Expr) =
        anchor.Triplet(positive, negative, margin)

    /// Gives the fraction of rows whose highest score is at the label.
    let accuracy labels (scores: Expr) = scores.Accuracy labels

    /// Gives the fraction of examples whose one score is above 0 where the label is 1, and not above it where the label is 0.
    let binaryAccuracy labels (scores: Expr) = scores.BinaryAccuracy labels

    /// Names a scalar that a training computes and shows beside the loss: `metric "top score" (fun _ scores -> scores |> maxAlong [ -1 ] |> mean)`.
    let metric name (measure: Expr -> Expr -> Expr) =
        Metric(name, fun scores labels -> measure labels scores)

    /// Says that whole numbers are labels, 0 to classes - 1: what an input feeds there is checked at each call.
    let asLabels classes (labels: Expr) = labels.AsLabels classes

    /// Adds up the squares of all elements.
    let l2 (w: Expr) = w.L2()

    /// Adds up the absolute values of all elements.
    let l1 (w: Expr) = w.L1()

    /// Mixes both penalties: beta l2 + l1.
    let elastic (beta: float) (w: Expr) = w.Elastic beta
