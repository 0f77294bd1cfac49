namespace Cv.FSharp

open Cv.Practice
open Cv.Runtime

/// Names what is done with data before and beside training; the examples come last.
[<AutoOpen>]
module Data =
    /// Cuts a training set into folds for cross-validation: `train |> folds 5` has a Train and a Validation each.
    let folds count (examples: #Examples) = Folds.Of(examples, count) |> List.ofSeq

    /// Gives images as numbers: `train |> toFeatures (Scaling.MeanImage train)`.
    let toFeatures (scaling: Scaling) (images: Dataset) = Features.Of(images, scaling)

    /// Computes a graph of "x" for every example: `train |> compute (Compile.Function(images |> hog 8 9))`.
    let compute (f: IFunction) (examples: #Examples) =
        use batches = new Batches(examples, 500)
        Features.Compute(f, batches)

    /// Finds the k nearest training examples of each example: `test |> nearest Distance.L1 10 train`.
    let nearest (distance: Distance) k (train: #Examples) (examples: #Examples) =
        NearestNeighbours(train, distance).Find(examples, k)

    /// Finds the principal components of training data.
    let principalComponents (train: #Examples) = PrincipalComponents.Of train

    /// Fits PCA whitening to training data: `let whiten = train |> whitenPca 144 1e-5`, then `test |> apply whiten`.
    let whitenPca components epsilon (train: #Examples) =
        Whitening.Pca(train, components, epsilon)

    /// Fits ZCA whitening to training data; images stay images.
    let whitenZca epsilon (train: #Examples) = Whitening.Zca(train, epsilon)

    /// Fits the mean and the deviation of each value to training data.
    let standardisation (train: #Examples) = Standardisation.Of train

    /// Applies what was fitted: `test |> apply (train |> whitenZca 0.1)`; works with a `LinearMap` or a `Standardisation`.
    let inline apply (fitted: ^fitted) (examples: #Examples) =
        (^fitted: (member Apply: Examples -> Features) (fitted, examples :> Examples))

    /// Finds clusters by k-means: `patches |> kMeans 100 1UL`.
    let kMeans clusters seed (data: Features) = KMeans.Fit(data, clusters, seed)

    /// Learns visual words from training images: `let bag = train |> visualWords (VisualWordOptions(Words = 400))`.
    let visualWords (options: VisualWordOptions) (train: #Examples) = BagOfVisualWords.Fit(train, options)

    /// Describes images by the words they hold.
    let describe (bag: BagOfVisualWords) (images: #Examples) = bag.Describe images
