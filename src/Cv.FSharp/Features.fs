namespace Cv.FSharp

open Cv.Dsl

/// Names what describes images by a few numbers each; the images come last.
[<AutoOpen>]
module Features =
    /// Takes the brightness of each pixel: [N,H,W,3] becomes [N,H,W,1].
    let grey (images: Expr) = images.Grey()

    /// Describes images by histograms of oriented gradients: `images |> hog 8 9` makes [N,4,4,9] of [N,32,32,3].
    let hog (cell: int) (orientations: int) (images: Expr) = images.Hog(cell, orientations)

    /// Describes images by a histogram of their hues: `images |> hueHistogram 10` makes [N,10].
    let hueHistogram (bins: int) (images: Expr) = images.HueHistogram bins
