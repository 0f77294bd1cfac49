namespace Cv.Practice;

/// <summary>Tells how a layer responds to a batch, in a training step.</summary>
/// <param name="Name">The layer's name, that of its parameters; "x" is the model's input.</param>
/// <param name="Units">How many units it has: the elements of its last axis, channels where it gives images.</param>
/// <param name="Dead">How many of them gave one and the same number for every example and place.</param>
/// <param name="Saturated">The part of the elements, 0 to 1, in the flat ends of a tanh or sigmoid; 0 for others.</param>
/// <param name="Mean">The mean of the activations.</param>
/// <param name="Deviation">Their standard deviation.</param>
/// <param name="GradientNorm">The norm of the loss's gradient by them, all together.</param>
/// <param name="Activations">Where the activations lie.</param>
/// <param name="Gradients">Where the loss's gradients by them lie.</param>
/// <remarks>What counts as a layer's activations is what the next layer reads: after gate, normalisation, pool and dropout.</remarks>
/// <example><code>foreach (var layer in Diagnose.Layers(model, Verbs.SoftmaxCrossEntropy, state, batch)) Console.WriteLine(layer);</code></example>
public sealed record LayerFigures(
    string Name,
    int Units,
    int Dead,
    double Saturated,
    double Mean,
    double Deviation,
    double GradientNorm,
    Histogram Activations,
    Histogram Gradients
)
{
    /// <summary>Prints a line: name, dead units, mean and deviation, and both histograms.</summary>
    public override string ToString() =>
        $"{Name, -10} {Dead, 4} of {Units, -5} {Diagnose.Figure(Mean), 9} ± {Diagnose.Figure(Deviation), -9} {Activations}   {Gradients}";
}
