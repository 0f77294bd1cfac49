namespace Cv.FSharp

open System
open Cv.Dsl

/// Makes shapes: `[ N; D 28; D 28; D 1 ]` is a batch of images. (Where warning FS3391 is silenced, `[ "N"; 28; 28; 1 ]` reads the same.)
[<AutoOpen>]
module Shapes =
    /// Names the batch: a dim that is bound when the graph is compiled or called.
    let N = Dim "N"

    /// Makes a dim that is a number.
    let D (extent: int) = Dim extent

    /// Names a dim that is not known yet, such as `Symbol "T"`.
    let Symbol (name: string) = Dim name

    /// Puts the batch before the dims of one example: `batch [ 784 ]` is [N,784].
    let batch (example: int list) = N :: List.map D example

    /// Makes a shape of its dims, outermost first; none is the scalar.
    let shape (dims: Dim list) = Shape(ReadOnlySpan(List.toArray dims))

    /// Makes a shape of numbers alone.
    let fixedShape (dims: int list) = Shape.Of dims
