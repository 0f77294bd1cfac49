namespace Cv.FSharp

open System
open Cv.Dsl

/// Names what changes images at random in training, and nothing otherwise; the images come last.
[<AutoOpen>]
module Augmentation =
    /// Mirrors each image, left and right, with probability 1/2: `x |> randomFlip |> randomShift 4 |> conv 16 5`.
    let randomFlip (images: Expr) = images.RandomFlip()

    /// Shifts each image by up to so many pixels.
    let randomShift (pixels: int) (images: Expr) = images.RandomShift pixels

    /// Changes brightness, contrast and saturation of each image by up to these parts: `x |> colourJitter 0.1 0.2 0.2`.
    let colourJitter (brightness: float) (contrast: float) (saturation: float) (images: Expr) =
        images.ColourJitter(brightness, contrast, saturation)

    /// Makes a square of each image 0.
    let cutout (size: int) (images: Expr) = images.Cutout size

    /// Mixes the examples of a batch: `let mix = Mixup 0.2`, then `model [ 784 ] (mixup mix >> dense 10)`.
    let mixup (mix: Mixup) (x: Expr) = mix.Inputs x

    /// Mixes a loss as `mixup` mixes the examples: `mixupLoss mix (fun scores labels -> scores |> softmaxCrossEntropy labels)`.
    let mixupLoss (mix: Mixup) (loss: Expr -> Expr -> Expr) : Expr -> Expr -> Expr =
        let mixed = mix.Loss(Func<_, _, _> loss)
        fun scores labels -> mixed.Invoke(scores, labels)
