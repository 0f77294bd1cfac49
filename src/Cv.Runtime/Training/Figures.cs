using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Takes in what a step or an evaluator gives: the loss, and the metrics that it names. Filled again at each call, so that a step allocates nothing.</summary>
sealed class Figures(IFunction function)
{
    readonly double[] _metrics = new double[function.Metrics.Count];

    /// <summary>Gives the loss of the last call.</summary>
    public double Loss { get; private set; }

    /// <summary>Gives the metrics of the last call.</summary>
    public ReadOnlySpan<double> Metrics => _metrics;

    /// <summary>Names the metrics.</summary>
    public IReadOnlyList<Metric> Names => function.Metrics;

    /// <summary>Reads the outputs of a call.</summary>
    /// <exception cref="ArgumentException">They are not a loss and the metrics that the function names.</exception>
    public Figures Of(IReadOnlyList<Tensor> outputs)
    {
        if (outputs.Count != 1 + _metrics.Length)
            throw new ArgumentException(
                $"training: a step or an evaluator must give the loss and the metrics that it names; got {outputs.Count} outputs, and the names {(Names.Count == 0 ? "of none" : string.Join(", ", Names.Select(m => $"\"{m.Name}\"")))}. Name them: Compile.Function(graph, options, metrics)?",
                nameof(outputs)
            );
        Loss = outputs[0].Item();
        for (int i = 0; i < _metrics.Length; i++)
            _metrics[i] = outputs[1 + i].Item();
        return this;
    }

    /// <summary>Copies the metrics of the last call, by name.</summary>
    public MetricValues ToValues() =>
        _metrics.Length == 0 ? MetricValues.None : new(Names.Select((m, i) => new MetricValue(m.Name, _metrics[i], m.IsFraction)));
}
