<!-- The line of SHOUTcast's /7.html: listeners, status, peak, maximum, unique listeners, bitrate,
     title.  Readers want exactly six commas and the first number right behind the first ">".
     Over all mounts, or ?mount=/one; title and bitrate are those of the first.
     To have it at its usual place: <alias source="/7.xsl" destination="/compat/7.xsl"/> -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="html" media-type="text/html" encoding="UTF-8" indent="no"/>

<xsl:template match="/icestats">
<xsl:variable name="first" select="source[string(listeners)][1]"/>
<pre>
<xsl:value-of select="sum(source[string(listeners)]/listeners)"/>
<xsl:text>,</xsl:text>
<xsl:value-of select="number(boolean($first))"/>
<xsl:text>,</xsl:text>
<xsl:value-of select="sum(source/listener_peak[number(.) = number(.)])"/>
<xsl:text>,</xsl:text>
<xsl:value-of select="sum(source/max_listeners[number(.) = number(.)])"/>
<xsl:text>,</xsl:text>
<xsl:value-of select="sum(source[string(listeners)]/listeners)"/>
<xsl:text>,</xsl:text>
<xsl:value-of select="translate($first/bitrate, ',', '.')"/>
<xsl:text>,</xsl:text>
<xsl:if test="string($first/artist)"><xsl:value-of select="translate($first/artist, ',', ' ')"/> - </xsl:if>
<xsl:value-of select="translate($first/title, ',', ' ')"/>
</pre>
</xsl:template>
</xsl:stylesheet>
