using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Runs a compiled graph. The trainer takes functions as values, so that nothing here needs the compiler.
/// </summary>
public interface IFunction
{
    /// <summary>Lists the graph's inputs, which every call must bind.</summary>
    IReadOnlyList<Named> Inputs { get; }

    /// <summary>Names the outputs after the first, where the first is a loss and the others tell people more: what a trainer shows. None unless they were asked for.</summary>
    IReadOnlyList<Metric> Metrics => [];

    /// <summary>
    /// Runs the function: reads the bound inputs and <paramref name="state"/>, updates the state in place, returns the outputs. The
    /// outputs belong to the function, which overwrites them at its next call.
    /// </summary>
    /// <exception cref="BindingException">An input is unknown, unbound, or bound to a value that does not fit it.</exception>
    IReadOnlyList<Tensor> Call(ModelState state, params Binding[] inputs);

    /// <summary>
    /// Evaluates the graph again, slowly and without changing <paramref name="state"/>, to find the first node whose value is not
    /// finite; null when every value is.
    /// </summary>
    NonFiniteReport? FirstNonFinite(ModelState state, params Binding[] inputs);
}
