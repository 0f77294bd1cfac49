namespace Cv.Dsl;

/// <summary>Tells what one stage of a model makes and costs.</summary>
/// <param name="Name">The stage's name: conv1, relu1.</param>
/// <param name="Output">What it makes, the batch as a symbol.</param>
/// <param name="Parameters">The numbers that it trains, but for those that a layer above it has: what is shared counts once.</param>
/// <param name="Operations">The floating-point operations of one example, forward.</param>
/// <param name="Bytes">The memory of what it makes of a batch; 0 where it only reads the same numbers as another shape.</param>
/// <param name="Shared">The layers whose parameters it uses and that are used at several places, with their number: "dense1 x 2"; else empty.</param>
public sealed record LayerSummary(string Name, TensorType Output, long Parameters, long Operations, long Bytes, string Shared = "")
{
    /// <summary>Prints the record, numbers by the invariant culture.</summary>
    public override string ToString() => RecordText.Of(nameof(LayerSummary), PrintMembers);
}
