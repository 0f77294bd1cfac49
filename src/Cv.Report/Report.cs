using System.Text;
using Cv.Runtime;

namespace Cv.Reporting;

/// <summary>Writes a run as one HTML file that needs no other file and no network.</summary>
public static class Report
{
    /// <summary>
    /// Writes the page: the run's facts and curves, then the sections in their order. The file is complete or not there at all; an older one is replaced.
    /// </summary>
    /// <param name="file">The file to write, such as "softmax.html".</param>
    /// <param name="run">What listened to the training.</param>
    /// <param name="sections">What else to show.</param>
    /// <exception cref="DataException">The file cannot be written; an older one stays.</exception>
    /// <example><code>
    /// Report.Write("softmax.html", run, new ConfusionMatrix(program.Predict, state, test), new WeightTemplates(state, "dense1.w", image, names));
    /// </code></example>
    public static void Write(string file, RunRecorder run, params Section[] sections)
    {
        ArgumentNullException.ThrowIfNull(file);
        byte[] page = Encoding.UTF8.GetBytes(Html(ChartLibrary.Embedded, run, sections));
        AtomicFile.Write(file, stream => stream.Write(page));
    }

    /// <summary>Gives the page's text.</summary>
    internal static string Html(ChartLibrary library, RunRecorder run, params Section[] sections)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(sections);
        var parts = sections.Select((section, i) => new Page(library, i + 1).Body(section));
        return Document.Write(library, run.Name, parts.Prepend(new Page(library, 0).Run(run.Snapshot())), live: false);
    }
}
