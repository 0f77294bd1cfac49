using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>Shows which classes are taken for which: a row for each right class, a column for each predicted one, and each class's accuracy.</summary>
/// <example><code>Report.Write("softmax.html", run, new ConfusionMatrix(program.Predict, state, new Batches(test, 500, scaling)));</code></example>
public sealed class ConfusionMatrix : Section
{
    const double DarkFrom = 0.55;

    readonly Func<Predictions> _predictions;

    /// <summary>Shows what a classifier said, such as nearest neighbours, which have no function of scores.</summary>
    public ConfusionMatrix(Predictions predictions) => _predictions = () => predictions;

    /// <summary>Shows what a function of scores says of a set whenever the section is rendered.</summary>
    /// <param name="predict">From a batch to scores [N, classes]: <c>program.Predict</c>.</param>
    /// <param name="state">The parameters.</param>
    /// <param name="data">The set, scaled as for training.</param>
    public ConfusionMatrix(IFunction predict, ModelState state, Batches data) => _predictions = () => Predictions.Of(predict, state, data);

    /// <inheritdoc/>
    public override string Title => "Confusion matrix";

    /// <inheritdoc/>
    public override Markup Render(Page page)
    {
        var said = _predictions();
        int classes = Math.Max(said.ClassNames.Length, said.Predicted.Concat(said.Labels).DefaultIfEmpty(-1).Max() + 1);
        int[,] counts = Count(said, classes);
        var every = Enumerable.Range(0, classes).ToArray();
        Markup Row(int label)
        {
            int total = every.Sum(c => counts[label, c]);
            return Markup.Of(
                $"<tr><th>{said.NameOf(label)}</th>{every.Select(c => Cell(counts[label, c], total, c == label))}<td class=\"share\">{(total == 0 ? "" : Digits.Percent((double)counts[label, label] / total))}</td></tr>\n"
            );
        }
        return Markup.Of(
            $"""
            <p>{Digits.Percent(
                said.Accuracy
            )} of {said.Count} examples are classified rightly. Rows are right classes, columns predicted ones.</p>
            <div class="scroll whole"><table class="matrix"><thead><tr><th></th>{every.Select(c =>
                Markup.Of($"<th>{said.NameOf(c)}</th>")
            )}<th>right</th></tr></thead>
            <tbody>{every.Select(Row)}</tbody></table></div>
            """
        );
    }

    /// <summary>Counts the examples of each right and each predicted class.</summary>
    internal static int[,] Count(Predictions said, int classes)
    {
        int[,] counts = new int[classes, classes];
        foreach (var (label, predicted) in said.Labels.Zip(said.Predicted))
            counts[label, predicted]++;
        return counts;
    }

    static Markup Cell(int count, int total, bool right)
    {
        double share = total == 0 ? 0 : (double)count / total;
        string kind = (right ? "hit" : "") + (share >= DarkFrom ? " full" : "");
        return Markup.Of($"<td class=\"{kind}\" style=\"--share:{share:0.###}\">{(count == 0 ? "" : $"{count}")}</td>");
    }
}
