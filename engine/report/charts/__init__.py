"""Charts as static SVG with words in HTML, complete without a script; each function returns Markup for a template.

- ``time_chart.time_chart(TimeChart(key, title, dates, [Line(label, values, place, series)], style, ...))``: lines over
  time; ``transform`` growth, ratio, fall or plain says what the script redraws for a period; ``bands`` make a fan.
- ``stacked_chart.stacked_chart(key, title, dates, [Layer(label, values)])``: weights, the first at the bottom.
- ``bar_chart.bar_chart(key, title, [Mark(label, value, low, high)], style)``: upright bars around zero, as one a year;
  ``lying_bars(...)`` the same with a name each, ``log=True`` for times; ``cell_bar(value, longest)`` inside a table.
- ``stacked_bars.stacked_bars(key, title, names, [BarPart(label, values, place)], style)``: bars of several parts.
- ``waterfall.waterfall(key, title, [Mark(label, value)], Mark(label, total), "gain")``: parts that add up to a total.
- ``interval_chart.interval_chart(key, title, [Mark(label, value, low, high)], style)``: dots with intervals;
  ``interval_cell(interval, mark_scale(all))`` for a table's cell or a card.
- ``histogram.histogram(Histogram(key, title, edges, counts, style, lines=[ValueLine(label, value, place)], band=))``.
- ``scatter.scatter(Scatter(key, title, [Point(x, y, label, kind)], x, y))`` with ``ScatterAxis(title, style)`` for
  ``x`` and ``y``; ``strip_chart``.
- ``heat_table.heat_table(HeatTable(key, caption, columns, [(name, [HeatCell(value, text, tip)])]))``: with colours.
- ``chart.Chart(kind, figure)``: any of these by itself, as a picture with its own colours or a page, for notebooks.
- ``controls.period_bar(first, last, lines)`` and ``packed_data.packed_data([PackedSeries(name, label, dates, values)],
  capital=)`` make a page live: ``render_page(..., script="page.js", data=packed)``, whose template extends
  ``base.html.j2`` with blocks ``title`` and ``body``; cells ``<td data-figure="cagr" data-of="SPY">``
  follow the period, elements with ``data-whole`` say that they do not. ``style`` is of ``styles.FigureStyle``; place 0
  is the strategy, 1 buy and hold, 2 and on the others. Keys are names in the page: letters, digits and dashes, each
  once.
"""
